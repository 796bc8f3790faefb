import Glibc

/// Reads replies out of the bytes that a server sends, however these are cut.
///
/// Source: the Redis serialization protocol, version 2.
package struct ReplyReader: ~Copyable {
    /// What the server sent is no reply.
    package struct Malformed: Error {
        package let reason: String
    }

    /// An array some of whose elements have been read.
    private struct Unfinished {
        var elements: [RedisReply] = []
        var missing: Int
    }

    /// What has arrived and not been read is in `start..<end`; what follows is room for more.
    private var buffer = [UInt8](repeating: 0, count: ReplyReader.usualSize)
    private var start = 0
    private var end = 0
    /// Arrays inside each other, the outermost first.
    private var unfinished: [Unfinished] = []

    /// Bytes of the buffer when it is empty, and of a line at most.
    private static let usualSize = 64 << 10
    /// Bytes of a string, elements of an array: more than any server is asked for.
    private static let largest = 512 << 20
    private static let deepest = 64

    package init() {}

    /// Gives `read` the room for what arrives; it returns how many bytes it wrote there, like read(2).
    package mutating func fill(_ read: (UnsafeMutableRawBufferPointer) -> Int) -> Int {
        makeRoom()
        let (first, count) = (end, buffer.count - end)
        let result = buffer.withUnsafeMutableBytes { read(.init(rebasing: $0[first..<first + count])) }
        end += max(0, result)
        return result
    }

    /// Takes bytes from elsewhere than a socket.
    package mutating func append(_ bytes: some Sequence<UInt8>) {
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            let count = fill { room in
                let count = min(room.count, rest.count)
                room.copyBytes(from: rest.prefix(count))
                return count
            }
            rest = rest.dropFirst(count)
        }
    }

    /// The next reply that has arrived as a whole; `nil` if more must come first.
    package mutating func next() throws(Malformed) -> RedisReply? {
        while var reply = try element() {
            while let last = unfinished.indices.last {
                unfinished[last].elements.append(reply)
                unfinished[last].missing -= 1
                if unfinished[last].missing > 0 { break }
                reply = .array(unfinished.removeLast().elements)
            }
            if unfinished.isEmpty { return reply }
        }
        return nil
    }

    /// Moves what is there to the front, and doubles the buffer if that is most of it.
    private mutating func makeRoom() {
        if start == end {
            (start, end) = (0, 0)
            if buffer.count > 16 * Self.usualSize { buffer = [UInt8](repeating: 0, count: Self.usualSize) }
        }
        if buffer.count - end >= Self.usualSize / 2 { return }
        if start > 0 {
            let (first, count) = (start, end - start)
            buffer.withUnsafeMutableBytes { bytes in
                guard let base = bytes.baseAddress else { return }
                memmove(base, base + first, count)
            }
            (start, end) = (0, count)
        }
        if buffer.count - end < buffer.count / 2 {
            buffer.append(contentsOf: repeatElement(0, count: buffer.count))
        }
    }
}

// MARK: - One element

extension ReplyReader {
    /// The next reply that is no array, or an empty one; begins those that are not.
    private mutating func element() throws(Malformed) -> RedisReply? {
        while let line = try line() {
            let next = line.upperBound + 2
            switch buffer[start] {
            case UInt8(ascii: "+"): return finish(.status(text(line)), at: next)
            case UInt8(ascii: "-"): return finish(.error(text(line)), at: next)
            case UInt8(ascii: ":"): return finish(.integer(try number(line)), at: next)
            case UInt8(ascii: "$"):
                let count = try number(line)
                if count < 0 { return finish(.null, at: next) }
                guard count <= Self.largest else { throw Malformed(reason: "a string of \(count) bytes") }
                let last = next + Int(count)
                guard end >= last + 2 else { return nil }
                return finish(.string(Array(buffer[next..<last])), at: last + 2)
            case UInt8(ascii: "*"):
                let count = try number(line)
                start = next
                if count < 0 { return .null }
                if count == 0 { return .array([]) }
                try begin(count)
            default: throw Malformed(reason: "byte \(buffer[start]) where a reply should begin")
            }
        }
        return nil
    }

    private mutating func finish(_ reply: RedisReply, at next: Int) -> RedisReply {
        start = next
        return reply
    }

    private mutating func begin(_ count: Int64) throws(Malformed) {
        guard count <= Self.largest, unfinished.count < Self.deepest else {
            throw Malformed(reason: "an array of \(count) elements in \(unfinished.count) others")
        }
        unfinished.append(Unfinished(missing: Int(count)))
        unfinished[unfinished.count - 1].elements.reserveCapacity(Int(min(count, 1024)))
    }

    /// Where the first line stands, without its marker and its end; `nil` if it has not arrived.
    private func line() throws(Malformed) -> Range<Int>? {
        var index = start + 1
        while index + 1 < end {
            if buffer[index] == UInt8(ascii: "\r"), buffer[index + 1] == UInt8(ascii: "\n") {
                return start + 1..<index
            }
            index += 1
        }
        if index - start > Self.usualSize { throw Malformed(reason: "a line without end") }
        return nil
    }

    private func text(_ line: Range<Int>) -> String { String(decoding: buffer[line], as: UTF8.self) }

    private func number(_ line: Range<Int>) throws(Malformed) -> Int64 {
        var index = line.lowerBound
        let isNegative = index < line.upperBound && buffer[index] == UInt8(ascii: "-")
        if isNegative { index += 1 }
        var value: Int64 = 0
        // Eighteen digits cannot overflow; a number that has more is read the slow way.
        guard index < line.upperBound, line.upperBound - index <= 18 else { return try longNumber(line) }
        while index < line.upperBound {
            let digit = buffer[index] &- UInt8(ascii: "0")
            guard digit <= 9 else { return try longNumber(line) }
            value = value * 10 + Int64(digit)
            index += 1
        }
        return isNegative ? -value : value
    }

    private func longNumber(_ line: Range<Int>) throws(Malformed) -> Int64 {
        guard let value = Int64(text(line)) else { throw Malformed(reason: "\(text(line)) is no number") }
        return value
    }
}
