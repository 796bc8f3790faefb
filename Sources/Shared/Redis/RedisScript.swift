/// A Lua script that the server keeps, called by the digest of its text.
package struct RedisScript: Sendable {
    /// For errors.
    package let name: String
    package let source: String
    package let digest: String

    package init(name: String, source: String) {
        self.name = name
        self.source = source
        digest = SHA1.hex(source.utf8)
    }

    /// One call; append the arguments after the keys.
    package func call(keys: [String]) -> RedisCall {
        var command = RedisCommand("EVALSHA", digest, keys.count, label: "EVALSHA \(name)")
        for key in keys { command.append(key) }
        return RedisCall(script: self, command: command)
    }
}

/// A script with its keys and arguments.
package struct RedisCall: Sendable {
    let script: RedisScript
    private(set) var command: RedisCommand

    package mutating func append(_ argument: some RedisArgument) { command.append(argument) }

    package func with(_ arguments: any RedisArgument...) -> RedisCall {
        var call = self
        for argument in arguments { call.append(argument) }
        return call
    }
}
