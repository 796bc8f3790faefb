import Glibc
import Synchronization

/// A file of JSON lines, each written at once; may be used on any thread.
final class ReportFile: Sendable {
    private let path: String
    private let descriptor: CInt
    private let hasFailed = Atomic(false)

    /// Empties the file, or makes it.
    init(_ path: String) throws(RunError) {
        descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw RunError.system("create \(path)") }
        self.path = path
    }

    deinit { close(descriptor) }

    /// Says on standard error when it cannot be written, once.
    func write(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        let count = Glibc.write(descriptor, bytes, bytes.count)
        guard count != bytes.count else { return }
        let reason = count < 0 ? String(cString: strerror(errno)) : "only a part of a line was written"
        guard !hasFailed.exchange(true, ordering: .relaxed) else { return }
        Console.error("apctl gateway-sim: write \(path): \(reason); lines are missing there\n")
    }
}
