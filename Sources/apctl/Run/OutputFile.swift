import Glibc

/// The file of results, to which lines are only ever appended.
///
/// Standard output, a pipe or a device is written to as it comes: what stands in it cannot be taken back.
final class OutputFile {
    let path: String
    private let descriptor: CInt
    private let isStream: Bool
    /// Bytes.
    private(set) var length: Int64

    /// Opens the file and cuts it to `length`.
    ///
    /// What stands behind was written before a crash and not recorded: the same lines are written again.
    init(path: String, length: Int64) throws(RunError) {
        self.path = path
        self.length = length
        // A socket cannot be opened by its name.
        descriptor =
            path == RunPaths.standardOutput ? dup(STDOUT_FILENO) : open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .system("open \(path)") }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system("stat \(path)") }
        isStream = path == RunPaths.standardOutput || status.st_mode & S_IFMT != S_IFREG
        if isStream { return }
        if Int64(status.st_size) < length {
            throw RunError("\(path) is shorter than what was written to it: results were removed from it")
        }
        guard ftruncate(descriptor, Int(length)) == 0 else { throw .system("truncate \(path)") }
    }

    deinit { close(descriptor) }

    /// Writes `bytes` at the end, and returns when they are on the disk.
    func append(_ bytes: [UInt8]) throws(RunError) {
        if bytes.isEmpty { return }
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                let rest = buffer.baseAddress.map { $0 + sent }
                return isStream
                    ? write(descriptor, rest, bytes.count - sent)
                    : pwrite(descriptor, rest, bytes.count - sent, Int(length) + sent)
            }
            if count > 0 { sent += count } else { try wait() }
        }
        if !isStream, fsync(descriptor) != 0 { throw .system("fsync \(path)") }
        length += Int64(bytes.count)
    }

    /// After a write that brought nothing.
    private func wait() throws(RunError) {
        switch errno {
        case EINTR: return
        case EAGAIN:
            var item = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            poll(&item, 1, 1000)
        case EPIPE: throw RunError("nobody reads \(path) any more", exitCode: 1)
        default: throw .system("write \(path)")
        }
    }
}
