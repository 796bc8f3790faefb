import Glibc

/// The file of results, to which lines are only ever appended.
final class OutputFile {
    let path: String
    private let descriptor: CInt
    /// Bytes.
    private(set) var length: Int64

    /// Opens the file and cuts it to `length`.
    ///
    /// What stands behind was written before a crash and not recorded: the same lines are written again.
    init(path: String, length: Int64) throws(RunError) {
        self.path = path
        self.length = length
        descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .system("open \(path)") }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system("stat \(path)") }
        if Int64(status.st_size) < length {
            throw RunError("\(path) is shorter than what was written to it: results were removed from it")
        }
        guard ftruncate(descriptor, Int(length)) == 0 else { throw .system("truncate \(path)") }
    }

    deinit { close(descriptor) }

    /// Writes `bytes` at the end, and returns when they are on the disk.
    func append(_ bytes: [UInt8]) throws(RunError) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                pwrite(descriptor, buffer.baseAddress.map { $0 + sent }, bytes.count - sent, Int(length) + sent)
            }
            if count > 0 { sent += count } else if errno != EINTR { throw .system("write \(path)") }
        }
        guard fsync(descriptor) == 0 else { throw .system("fsync \(path)") }
        length += Int64(bytes.count)
    }
}
