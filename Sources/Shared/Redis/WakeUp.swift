internal import CHiredis
import Glibc

/// A descriptor that any thread makes readable, to end another thread's wait.
///
/// Made while the process has no descriptor left, it ends no wait early: each lasts its whole limit.
///
/// Source: eventfd(2), poll(2).
package final class WakeUp: Sendable {
    let descriptor: CInt

    package init() {
        descriptor = eventfd(0, CInt(EFD_NONBLOCK) | CInt(EFD_CLOEXEC))
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// May be called on any thread.
    package func signal() { eventfd_write(descriptor, 1) }

    /// Waits until `signal` was called, at most `limit`, and forgets the signal.
    package func wait(for limit: Duration) {
        _ = waitReadable([descriptor], for: limit)
        clear()
    }

    func clear() {
        var count: eventfd_t = 0
        eventfd_read(descriptor, &count)
    }
}

/// Waits until one of `descriptors` can be read (or has failed), at most `limit`; says which.
func waitReadable(_ descriptors: [CInt], for limit: Duration) -> [Bool] {
    var polled = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    _ = pollRetrying(&polled, for: limit)
    return polled.map { $0.revents != 0 }
}

/// poll(2), again with what is left of `limit` when a signal interrupts it.
///
/// Time is rounded up, so that nobody spins.
func pollRetrying(_ polled: inout [pollfd], for limit: Duration) -> CInt {
    let end = ContinuousClock.now + limit
    while true {
        let left = max(.zero, end - ContinuousClock.now)
        let count = poll(&polled, nfds_t(polled.count), left.millisecondsRoundedUp)
        if count >= 0 || errno != EINTR { return count }
    }
}

extension Duration {
    package var millisecondsRoundedUp: CInt {
        let (seconds, attoseconds) = components
        return CInt(clamping: seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }

    package var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
