import Glibc
import Messages

/// Reads a file line by line, a megabyte at a time.
final class LineReader {
    private let path: String
    private let descriptor: CInt
    private var buffer: [UInt8] = []
    private var start = 0
    private var isAtEnd = false

    init(path: String) throws(RunError) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("open \(path)") }
    }

    deinit { close(descriptor) }

    /// The next line without its end (`\n` or `\r\n`); `nil` at the end of the file.
    ///
    /// Nor with a byte order mark, which stands before any line where files were put together.
    func next() throws(RunError) -> ArraySlice<UInt8>? {
        var searched = start
        while true {
            if let end = newline(from: searched) {
                let line = buffer[start..<end]
                start = end + 1
                return (line.last == UInt8(ascii: "\r") ? line.dropLast() : line).withoutByteOrderMark
            }
            if isAtEnd {
                guard start < buffer.count else { return nil }
                defer { start = buffer.count }
                let line = buffer[start...].withoutByteOrderMark
                return line.isEmpty ? nil : line
            }
            searched = buffer.count - start
            try fill()
        }
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
        let size = 1 << 20
        let count = withUnsafeTemporaryAllocation(byteCount: size, alignment: 1) { bytes in
            let count = read(descriptor, bytes.baseAddress, size)
            if count > 0 { buffer.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[..<count])) }
            return count
        }
        if count < 0, errno != EINTR { throw .system("read \(path)") }
        if count == 0 { isAtEnd = true }
    }
}

extension ArraySlice<UInt8> {
    /// Whether there is nothing but white space in it.
    var isBlank: Bool { allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D } }
}
