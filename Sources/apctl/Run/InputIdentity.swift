import Glibc

/// What tells one input file from another, and how much is in it.
struct InputIdentity: Codable, Equatable {
    /// Bytes.
    var size: Int64
    /// FNV-1a of the first MiB, hexadecimal.
    var digest: String
    /// Lines that are not blank.
    var lines: Int

    /// Reads the whole file once.
    init(path: String) throws(RunError) {
        var status = stat()
        guard stat(path, &status) == 0 else { throw RunError("\(path): \(String(cString: strerror(errno)))") }
        guard status.st_mode & S_IFMT == S_IFREG else { throw RunError("\(path) is not a file") }
        size = Int64(status.st_size)
        digest = try Self.digest(path: path)
        let reader = try LineReader(path: path)
        lines = 0
        while let line = try reader.next() { lines += line.isBlank ? 0 : 1 }
    }

    private static func digest(path: String) throws(RunError) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("open \(path)") }
        defer { close(descriptor) }
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        var total = 0
        while total < buffer.count {
            let count = read(descriptor, &buffer, buffer.count - total)
            if count <= 0 { break }
            for byte in buffer.prefix(count) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            total += count
        }
        return String(hash, radix: 16)
    }
}
