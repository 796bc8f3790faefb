internal import CEpoll
import Glibc
import Synchronization

/// What a descriptor is watched for, and what it was found ready for.
package struct Readiness: OptionSet, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let readable = Readiness(rawValue: 1)
    package static let writable = Readiness(rawValue: 2)
    /// An error or a hang-up is pending.
    ///
    /// Always reported, never asked for.
    package static let failed = Readiness(rawValue: 4)
    /// Asks to be told once whenever something may be new, instead of as long as something is there.
    package static let onChange = Readiness(rawValue: 8)
}

/// One epoll instance and the descriptor that wakes it up.
///
/// Level-triggered unless asked otherwise. Source: epoll_ctl(2), epoll_wait(2), eventfd(2). Two descriptors live as long
/// as the process.
final class Poller: Sendable {
    struct Ready: Sendable {
        var descriptor: CInt
        var readiness: Readiness
    }

    private static let batch = 256
    private let epoll: CInt
    private let wakeUpDescriptor: CInt
    private let ready = Mutex<[Ready]>([])

    init() {
        epoll = epoll_create1(CInt(EPOLL_CLOEXEC))
        wakeUpDescriptor = eventfd(0, CInt(EFD_NONBLOCK) | CInt(EFD_CLOEXEC))
        precondition(epoll >= 0 && wakeUpDescriptor >= 0, "no descriptors for the event loop: errno \(errno)")
        let isWatched = control(EPOLL_CTL_ADD, wakeUpDescriptor, .readable)
        precondition(isWatched, "no watch for the event loop")
    }

    /// May be called on any thread.
    func wakeUp() { eventfd_write(wakeUpDescriptor, 1) }

    /// - Returns: `false` when the system has no room for it now: no memory, or this user's watches are used up, epoll(7).
    func add(_ descriptor: CInt, _ readiness: Readiness) -> Bool { control(EPOLL_CTL_ADD, descriptor, readiness) }

    /// Adds it again if it was closed unwatched, and its number is now somebody else's: then it has left by itself.
    ///
    /// - Returns: as `add`.
    func change(_ descriptor: CInt, _ readiness: Readiness) -> Bool {
        if attempt(EPOLL_CTL_MOD, descriptor, readiness) { return true }
        return errno == ENOENT ? add(descriptor, readiness) : control(EPOLL_CTL_MOD, descriptor, readiness)
    }

    /// A descriptor that is closed already has left by itself; that is no error.
    func remove(_ descriptor: CInt) {
        var event = epoll_event()
        epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, &event)
    }

    /// Waits until something is ready or the time is over, and keeps what is ready for `takeReady`.
    ///
    /// - Parameter nanoseconds: `Int64.max` for no limit.
    func wait(nanoseconds: Int64) {
        withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: Self.batch) { events in
            let count = wait(events, nanoseconds)
            guard count > 0 else { return }
            ready.withLock { ready in
                for event in events.prefix(Int(count)) {
                    if event.data.fd == wakeUpDescriptor {
                        var count: eventfd_t = 0
                        eventfd_read(wakeUpDescriptor, &count)
                    } else {
                        ready.append(Ready(descriptor: event.data.fd, readiness: Readiness(epoll: event.events)))
                    }
                }
            }
        }
    }

    /// epoll_pwait2(2) takes nanoseconds; kernels before 5.11 do not have it, and wait for whole milliseconds.
    private func wait(_ events: UnsafeMutableBufferPointer<epoll_event>, _ nanoseconds: Int64) -> CInt {
        let capacity = CInt(events.count)
        if nanoseconds == 0 || nanoseconds == .max {
            return epoll_wait(epoll, events.baseAddress, capacity, nanoseconds == 0 ? 0 : -1)
        }
        var limit = timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
        let count = epoll_pwait2(epoll, events.baseAddress, capacity, &limit, nil)
        guard count < 0, errno == ENOSYS else { return count }
        return epoll_wait(epoll, events.baseAddress, capacity, CInt(clamping: (nanoseconds + 999_999) / 1_000_000))
    }

    /// Swaps what was found ready into `buffer`, whose old contents are dropped.
    func takeReady(into buffer: inout [Ready]) {
        buffer.removeAll(keepingCapacity: true)
        ready.withLock { swap(&$0, &buffer) }
    }

    private func control(_ operation: CInt, _ descriptor: CInt, _ readiness: Readiness) -> Bool {
        if attempt(operation, descriptor, readiness) { return true }
        let code = errno
        // Anything else would be our own mistake.
        precondition(
            code == ENOSPC || code == ENOMEM, "epoll_ctl \(operation) of descriptor \(descriptor): errno \(code)")
        return false
    }

    private func attempt(_ operation: CInt, _ descriptor: CInt, _ readiness: Readiness) -> Bool {
        var event = epoll_event()
        event.events = readiness.epoll
        event.data.fd = descriptor
        return epoll_ctl(epoll, operation, descriptor, &event) == 0
    }
}

extension Readiness {
    fileprivate var epoll: UInt32 {
        (contains(.readable) ? EPOLLIN.rawValue : 0) | (contains(.writable) ? EPOLLOUT.rawValue : 0)
            | (contains(.onChange) ? EPOLLET.rawValue : 0)
    }

    fileprivate init(epoll events: UInt32) {
        var bits: UInt8 = 0
        if events & EPOLLIN.rawValue != 0 { bits |= Readiness.readable.rawValue }
        if events & EPOLLOUT.rawValue != 0 { bits |= Readiness.writable.rawValue }
        if events & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 { bits |= Readiness.failed.rawValue }
        self.init(rawValue: bits)
    }
}
