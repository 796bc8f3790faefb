import Glibc

/// Notifies when a file is written to.
///
/// One thread at a time uses it.
///
/// Source: inotify(7)
final class FileWatch {
    private let descriptor: CInt

    /// Returns `nil` when the file cannot be watched: it is missing, or the user has no watches left.
    init?(path: String) {
        let descriptor = inotify_init1(CInt(IN_NONBLOCK | IN_CLOEXEC))
        guard descriptor >= 0 else { return nil }
        guard inotify_add_watch(descriptor, path, UInt32(IN_MODIFY)) >= 0 else {
            close(descriptor)
            return nil
        }
        // Set last: once it is, failing would run `deinit`, which closes it a second time.
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Sleeps until the file is written to, at most for `limit`; returns whether it was.
    ///
    /// A transaction is many writes: those of the next 250 µs count as one.
    func wait(limit: Duration) -> Bool {
        var item = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        // poll(2) counts whole milliseconds; a shorter time is slept.
        let isShort = limit < .milliseconds(1)
        if isShort { Clock.sleep(limit) }
        guard poll(&item, 1, isShort ? 0 : CInt(clamping: Int64(limit / .milliseconds(1)))) > 0 else { return false }
        Clock.sleep(Pause.shortest)
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { buffer in
            while read(descriptor, buffer.baseAddress, buffer.count) > 0 {}
        }
        return true
    }
}

/// Sleeping on the clock.
enum Clock {
    /// Blocks this thread.
    static func sleep(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        var time = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
        nanosleep(&time, nil)
    }
}
