/// One command and its arguments, in the form in which they travel; arguments may hold any bytes.
///
/// Source: the Redis serialization protocol, version 2: `*<arguments>\r\n`, and for each `$<bytes>\r\n<bytes>\r\n`.
package struct RedisCommand: Sendable, Equatable {
    /// Everything but the first line, which says how many arguments there are; behind `parts`.
    private var body: [UInt8] = []
    /// What comes before `body`: large arguments are not copied.
    private var parts: [ArraySlice<UInt8>] = []
    private(set) var count = 0
    /// For errors: the command's name, and what it is called on where that helps.
    let label: String

    package init(_ name: String, _ arguments: any RedisArgument..., label: String? = nil) {
        self.label = label ?? name
        append(name)
        for argument in arguments { append(argument) }
    }

    package mutating func append(_ argument: some RedisArgument) {
        count += 1
        body.appendHead(UInt8(ascii: "$"), argument.byteCount)
        if let bytes = argument.sharedBytes {
            parts += [body[...], bytes]
            body = []
        } else {
            argument.write(into: &body)
        }
        body.appendLineEnd()
    }

    /// Appends one argument that begins with `prefix`.
    package mutating func append(_ prefix: StaticString, _ rest: String) {
        count += 1
        body.appendHead(UInt8(ascii: "$"), prefix.utf8CodeUnitCount + rest.utf8.count)
        body.append(contentsOf: UnsafeBufferPointer(start: prefix.utf8Start, count: prefix.utf8CodeUnitCount))
        rest.write(into: &body)
        body.appendLineEnd()
    }

    /// Makes room for as many bytes more, as far as they are copied.
    package mutating func reserve(_ bytes: Int) { body.reserveCapacity(body.count + min(bytes, Self.maxReserved)) }

    private static let maxReserved = 8 << 20

    /// The command as it travels, in pieces.
    var pieces: [ArraySlice<UInt8>] {
        var head: [UInt8] = []
        head.appendHead(UInt8(ascii: "*"), count)
        return parts.isEmpty ? [head[...], body[...]] : [head[...]] + parts + [body[...]]
    }

    package static func == (one: Self, other: Self) -> Bool {
        one.label == other.label && one.pieces.joined().elementsEqual(other.pieces.joined())
    }
}

/// What a command can be given.
package protocol RedisArgument {
    /// How many bytes `write` appends.
    var byteCount: Int { get }
    func write(into bytes: inout [UInt8])
    /// Its bytes, if they are so many that they are worth a piece of their own; `nil` if they are to be copied.
    var sharedBytes: ArraySlice<UInt8>? { get }
}

extension RedisArgument {
    package var sharedBytes: ArraySlice<UInt8>? { nil }
}

/// Bytes from which on an argument is not copied.
private let leastShared = 256 << 10

extension String: RedisArgument {
    package var byteCount: Int { utf8.count }
    package func write(into bytes: inout [UInt8]) { bytes.append(contentsOf: utf8) }
}

extension [UInt8]: RedisArgument {
    package var byteCount: Int { count }
    package var sharedBytes: ArraySlice<UInt8>? { count < leastShared ? nil : self[...] }
    package func write(into bytes: inout [UInt8]) { bytes.append(contentsOf: self) }
}

extension ArraySlice<UInt8>: RedisArgument {
    package var byteCount: Int { count }
    package var sharedBytes: ArraySlice<UInt8>? { count < leastShared ? nil : self }
    package func write(into bytes: inout [UInt8]) { bytes.append(contentsOf: self) }
}

extension Int: RedisArgument {
    package var byteCount: Int { Int64(self).byteCount }
    package func write(into bytes: inout [UInt8]) { bytes.appendDecimal(Int64(self)) }
}

extension Int64: RedisArgument {
    package var byteCount: Int {
        var digits = self < 0 ? 2 : 1
        var rest = magnitude
        while rest > 9 {
            rest /= 10
            digits += 1
        }
        return digits
    }

    package func write(into bytes: inout [UInt8]) { bytes.appendDecimal(self) }
}

extension [UInt8] {
    /// A line of a marker and a number.
    fileprivate mutating func appendHead(_ marker: UInt8, _ number: Int) {
        append(marker)
        appendDecimal(Int64(number))
        appendLineEnd()
    }

    fileprivate mutating func appendLineEnd() {
        append(UInt8(ascii: "\r"))
        append(UInt8(ascii: "\n"))
    }

    fileprivate mutating func appendDecimal(_ number: Int64) {
        if number < 0 { append(UInt8(ascii: "-")) }
        var low = count
        var rest = number.magnitude
        repeat {
            append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        // In place: reversing a slice would copy it.
        var high = count - 1
        while low < high {
            swapAt(low, high)
            (low, high) = (low + 1, high - 1)
        }
    }
}
