import Foundation
import Loop
import Synchronization

/// SIGTERM and SIGINT, kept from the first line of main on until `forEach` reads them; also SIGHUP, SIGUSR1 and
/// SIGUSR2, which have no meaning here and would end the process by default.
///
/// The handler writes the signal's number into a pipe, signal-safety(7); a thread reads it there. A signal that comes
/// before main begins ends the process by the signal's default: it has nothing to drain.
package enum TerminationSignals {
    /// Read end, write end, as long as the process lives.
    private static let ends: (read: CInt, write: CInt) = {
        var ends: [CInt] = [-1, -1]
        // No other descriptor is open yet.
        guard pipe(&ends) == 0 else { preconditionFailure("no pipe for signals: errno \(errno)") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        // A handler must not block, not even when the reader is thousands of signals behind.
        _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
        return (ends[0], ends[1])
    }()
    /// The write end, for the handler.
    private static let descriptor = Atomic<CInt>(-1)

    /// Catches the signals from now on, and keeps others from ending the process; the first thing that main does.
    package static func listen() {
        ProcessShield.raise()
        descriptor.store(ends.write, ordering: .relaxed)
        var action = sigaction()
        action.sa_flags = SA_RESTART
        action.__sigaction_handler.sa_handler = { TerminationSignals.note($0) }
        var signals = sigset_t()
        sigemptyset(&signals)
        for signal in [SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2] {
            sigaction(signal, &action, nil)
            sigaddset(&signals, signal)
        }
        // The parent process may have blocked them, and execve(2) keeps that.
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    }

    /// Allocates nothing and takes no lock: it may have interrupted any code.
    private static func note(_ signal: CInt) {
        let before = errno
        var byte = UInt8(truncatingIfNeeded: signal)
        _ = write(descriptor.load(ordering: .relaxed), &byte, 1)
        errno = before
    }

    /// Calls `body` with each signal that has come since `listen`, or comes later, and with the time on the monotonic
    /// clock.
    ///
    /// It runs on a thread of its own, which depends on no other part of the process; call it once per process.
    static func forEach(_ body: @escaping @Sendable (CInt, Duration) -> Void) {
        let descriptor = ends.read
        let thread = Thread {
            var byte: UInt8 = 0
            while true {
                let count = read(descriptor, &byte, 1)
                if count == 1 { body(CInt(byte), .nanoseconds(Int64(clamping: DispatchTime.now().uptimeNanoseconds))) }
                if count == 0 || (count < 0 && errno != EINTR) { return }
            }
        }
        thread.name = "signals"
        thread.start()
    }
}
