import Glibc
import Messages

/// Reads a file line by line, about a megabyte at a time.
final class LineReader {
    private let bytes: ByteReader
    private var buffer: [UInt8] = []
    private var start = 0
    private var isAtEnd = false

    /// - Parameter isHashed: whether `digest` will be asked for.
    init(path: String, isHashed: Bool = false) throws(RunError) {
        bytes = try ByteReader(path: path, isHashed: isHashed)
    }

    /// SHA-256 of the whole file, when its end was reached.
    var digest: String { bytes.digest }
    /// Whether the file is packed; known once something has been read.
    var isGzip: Bool { bytes.isGzip }
    /// Lines so far that began with a byte order mark.
    private(set) var byteOrderMarks = 0

    /// The next line without its end (`\n` or `\r\n`); `nil` at the end of the file.
    ///
    /// Nor with a byte order mark, which stands before any line where files were put together.
    func next() throws(RunError) -> ArraySlice<UInt8>? {
        var searched = start
        while true {
            if let end = newline(from: searched) {
                let line = buffer[start..<end]
                start = end + 1
                return withoutMark(line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
            }
            if isAtEnd {
                guard start < buffer.count else { return nil }
                defer { start = buffer.count }
                let line = withoutMark(buffer[start...])
                return line.isEmpty ? nil : line
            }
            searched = buffer.count - start
            try fill()
        }
    }

    private func withoutMark(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let rest = line.withoutByteOrderMark
        if rest.count < line.count { byteOrderMarks += 1 }
        return rest
    }

    /// Where the next line ends, looked for with memchr(3): the whole input passes here.
    private func newline(from index: Int) -> Int? {
        buffer.withUnsafeBytes { bytes in
            guard index < bytes.count, let start = bytes.baseAddress,
                let found = memchr(start + index, 0x0A, bytes.count - index)
            else { return nil }
            return found - UnsafeMutableRawPointer(mutating: start)
        }
    }

    /// Drops what has been handed out and reads more behind the rest, which then starts at 0.
    private func fill() throws(RunError) {
        buffer.removeFirst(start)
        start = 0
        if try !bytes.read(into: &buffer) { isAtEnd = true }
    }
}

extension ArraySlice<UInt8> {
    /// Whether there is nothing but white space in it.
    var isBlank: Bool { allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D } }
}
