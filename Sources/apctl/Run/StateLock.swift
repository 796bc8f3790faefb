import Glibc

/// Keeps two runs from using one state; the system lets go of it when the process ends, however it ends.
final class StateLock {
    private let descriptor: CInt

    init(path: String) throws(RunError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .system("open \(path)") }
        guard Self.lock(descriptor) else {
            close(descriptor)
            throw RunError("another apctl run is at work on these results (it holds \(path))")
        }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Tries for half a second: a child of a run that has just ended may have the lock until it calls exec.
    private static func lock(_ descriptor: CInt) -> Bool {
        for _ in 0..<50 {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
            usleep(10_000)
        }
        return false
    }
}
