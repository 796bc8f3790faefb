/// One command and its arguments, as one run of bytes; arguments may hold any bytes.
package struct RedisCommand: Sendable, Equatable {
    private(set) var bytes: [UInt8] = []
    /// Where each argument ends in `bytes`.
    private(set) var ends: [Int] = []
    /// For errors: the command's name, and what it is called on where that helps.
    let label: String

    package init(_ name: String, _ arguments: any RedisArgument..., label: String? = nil) {
        self.label = label ?? name
        append(name)
        for argument in arguments { append(argument) }
    }

    package mutating func append(_ argument: some RedisArgument) {
        argument.write(into: &bytes)
        ends.append(bytes.count)
    }

    /// Calls `body` with the arguments as hiredis takes them; they are valid only inside the call.
    func withArguments<R>(
        _ body: (CInt, UnsafeMutablePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int>?) -> R
    ) -> R {
        bytes.withUnsafeBytes { buffer in
            var starts: [UnsafePointer<CChar>?] = []
            var lengths: [Int] = []
            starts.reserveCapacity(ends.count)
            lengths.reserveCapacity(ends.count)
            var start = 0
            for end in ends {
                starts.append(buffer.baseAddress.map { ($0 + start).assumingMemoryBound(to: CChar.self) })
                lengths.append(end - start)
                start = end
            }
            return starts.withUnsafeMutableBufferPointer { body(CInt(ends.count), $0.baseAddress, lengths) }
        }
    }
}

/// What a command can be given.
package protocol RedisArgument {
    func write(into bytes: inout [UInt8])
}

extension String: RedisArgument {
    package func write(into bytes: inout [UInt8]) { bytes.append(contentsOf: utf8) }
}

extension [UInt8]: RedisArgument {
    package func write(into bytes: inout [UInt8]) { bytes.append(contentsOf: self) }
}

extension ArraySlice<UInt8>: RedisArgument {
    package func write(into bytes: inout [UInt8]) { bytes.append(contentsOf: self) }
}

extension Int: RedisArgument {
    package func write(into bytes: inout [UInt8]) { bytes.append(contentsOf: String(self).utf8) }
}

extension Int64: RedisArgument {
    package func write(into bytes: inout [UInt8]) { bytes.append(contentsOf: String(self).utf8) }
}
