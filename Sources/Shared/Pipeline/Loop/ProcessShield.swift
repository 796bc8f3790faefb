import Glibc

/// Keeps what surrounds a process (whoever started it, the reader of its log, whoever may send it signals) from ending
/// it from the side.
package enum ProcessShield {
    /// The first line of main: before anything is opened and before there is a second thread.
    package static func raise() {
        occupyStandardDescriptors()
        for number in ignored + realTime { signal(number, SIG_IGN) }
        openTimers()
    }

    /// Signals whose default action ends or stops a process, and that no fault of its own raises.
    ///
    /// SIGTERM, SIGINT, SIGQUIT and SIGTSTP keep their meaning, and so does SIGHUP: what a terminal says to its programs.
    ///
    /// A write to a pipe without a reader fails with EPIPE instead, one above the limit of file sizes with EFBIG.
    ///
    /// Source: signal(7).
    private static let ignored = [
        SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGPWR, SIGSTKFLT, SIGXFSZ, SIGXCPU, SIGTTOU,
        SIGTTIN,
    ]

    /// Those that the C library keeps for itself (32 and 33) left out.
    private static var realTime: ClosedRange<CInt> { __libc_current_sigrtmin()...__libc_current_sigrtmax() }

    /// Opens /dev/null as whichever of 0, 1 and 2 is closed: the first file or socket of ours would get that number, and
    /// what somebody prints would land in it.
    private static func occupyStandardDescriptors() {
        while true {
            var descriptor = open("/dev/null", O_RDWR)
            // A folder cannot be written to either, and is everywhere.
            if descriptor < 0 { descriptor = open("/", O_RDONLY | O_DIRECTORY) }
            if (0...STDERR_FILENO).contains(descriptor) { continue }
            if descriptor > STDERR_FILENO { close(descriptor) }
            return
        }
    }

    /// Sleeps once on each clock, so that libdispatch opens its descriptors (an epoll instance, a timerfd for each clock).
    ///
    /// It keeps them. Later there might be none left: then it ends the process, or no sleep ever ends.
    ///
    /// Source: swift-corelibs-libdispatch, src/event/event_epoll.c.
    private static func openTimers() {
        Task.detached { try? await Task.sleep(for: .milliseconds(1), clock: .continuous) }
        Task.detached { try? await Task.sleep(for: .milliseconds(1), clock: .suspending) }
    }
}
