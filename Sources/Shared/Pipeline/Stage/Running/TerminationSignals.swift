import Foundation
import Synchronization

/// SIGTERM and SIGINT, kept from the first line of main on until somebody asks for them.
///
/// The handler writes the signal's number into a pipe, signal-safety(7); a thread reads it there. What is sent to a
/// process before its main begins ends it by the signal's default: it has nothing to drain.
package enum TerminationSignals {
    /// Read end, write end, as long as the process lives.
    private static let ends: (read: CInt, write: CInt) = {
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else { preconditionFailure("no pipe for signals: errno \(errno)") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        // A handler must not wait, not even for a reader that is thousands of signals behind.
        _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
        return (ends[0], ends[1])
    }()
    /// The write end, for the handler.
    private static let descriptor = Atomic<CInt>(-1)

    /// Catches the signals from now on; the first thing that main does.
    package static func listen() {
        descriptor.store(ends.write, ordering: .relaxed)
        var action = sigaction()
        action.sa_flags = SA_RESTART
        action.__sigaction_handler.sa_handler = { TerminationSignals.note($0) }
        var signals = sigset_t()
        sigemptyset(&signals)
        for signal in [SIGTERM, SIGINT] {
            sigaction(signal, &action, nil)
            sigaddset(&signals, signal)
        }
        // Whoever started this process may have blocked them, and execve(2) keeps that.
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    }

    /// Allocates nothing and takes no lock: it may have interrupted anything.
    private static func note(_ signal: CInt) {
        let before = errno
        var byte = UInt8(truncatingIfNeeded: signal)
        _ = write(descriptor.load(ordering: .relaxed), &byte, 1)
        errno = before
    }

    /// The signals that have come since `listen`, and those that come; for one reader.
    static func stream() -> AsyncStream<CInt> {
        let (stream, continuation) = AsyncStream.makeStream(of: CInt.self)
        let descriptor = ends.read
        let thread = Thread {
            var byte: UInt8 = 0
            while read(descriptor, &byte, 1) == 1 { continuation.yield(CInt(byte)) }
        }
        thread.name = "signals"
        thread.start()
        return stream
    }
}
