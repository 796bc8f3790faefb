/// A Lua script that the server keeps, called by the digest of its text.
package struct RedisScript: Sendable {
    package let name: String
    package let source: String
    package let digest: String
    /// For errors.
    private let label: String

    package init(name: String, source: String) {
        self.name = name
        self.source = source
        digest = SHA1.hex(source.utf8)
        label = "EVALSHA \(name)"
    }

    /// One call; append the arguments after the keys.
    package func call(keys: [String]) -> RedisCall {
        var call = call(keyCount: keys.count)
        for key in keys { call.append(key) }
        return call
    }

    /// One call; append so many keys, and then the arguments.
    package func call(keyCount: Int) -> RedisCall {
        RedisCall(script: self, command: RedisCommand("EVALSHA", digest, keyCount, label: label))
    }
}

/// A script with its keys and arguments.
package struct RedisCall: Sendable {
    let script: RedisScript
    package var command: RedisCommand

    package mutating func append(_ argument: some RedisArgument) { command.append(argument) }

    /// The command as it travels.
    package var encoded: [UInt8] { Array(command.pieces.joined()) }

    package consuming func with(_ arguments: any RedisArgument...) -> RedisCall {
        var call = self
        for argument in arguments { call.append(argument) }
        return call
    }
}
