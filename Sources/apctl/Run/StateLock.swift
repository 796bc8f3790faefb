import Glibc

/// Keeps two runs from using one state; the system lets go of it when the process ends, however it ends.
final class StateLock {
    private let descriptor: CInt

    init(path: String) throws(RunError) {
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .system("open \(path)") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw RunError("another apctl run is at work on these results (it holds \(path))", exitCode: 1)
        }
    }

    deinit { close(descriptor) }
}
