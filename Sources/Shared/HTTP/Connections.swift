internal import CEpoll
import Glibc

/// What is known of libcurl's connections, by descriptor: which are idle, and what has passed on them.
///
/// libcurl 7.88 takes a kept connection again though something lies there to be read, and takes that for the answer to
/// what it sends next. And it does not say which connection it has chosen before it has used it. So connections that speak
/// HTTP/1.1 are watched here while they are idle: one that says something then is dissolved, and libcurl finds it dead.
final class Connections {
    private struct State {
        let isHTTP2: Bool
        /// The first request on it.
        let url: String
        /// When the exchange before was over, or when it was opened; `nil` where the kernel does not count.
        var counts: TCPCounts?
        /// The same, for the exchange whose answer came last.
        var countsBefore: TCPCounts?
        /// The exchange under way has an answer.
        var isAnswered = false
        var isIdle = false
    }

    private var states: [CInt: State] = [:]
    /// URLs of servers that have sent what nobody asked for, since somebody looked.
    private var surplus: [String] = []
    /// All connections that speak HTTP/1.1, idle or not: to look at them all is one call, and nothing needs to be said
    /// when one is used.
    private let epoll = epoll_create1(CInt(EPOLL_CLOEXEC))

    deinit { if epoll >= 0 { close(epoll) } }

    // MARK: - What happens to a connection

    /// The first request is about to go out on it.
    func opened(_ descriptor: CInt, isHTTP2: Bool, url: String) {
        states[descriptor] = State(isHTTP2: isHTTP2, url: url, counts: isHTTP2 ? nil : TCPCounts(descriptor))
        guard !isHTTP2 else { return }
        var event = epoll_event()
        // Each change is told once: many of those in use have an answer to be read at any time.
        event.events = EPOLLIN.rawValue | EPOLLET.rawValue
        event.data.fd = descriptor
        epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event)
    }

    /// libcurl waits for something on it.
    func used(_ descriptor: CInt) { states[descriptor]?.isIdle = false }

    /// libcurl waits for nothing on it any more.
    func rests(_ descriptor: CInt) {
        guard let state = states[descriptor], state.isAnswered else { return }
        states[descriptor]?.counts = TCPCounts(descriptor)
        states[descriptor]?.isAnswered = false
        states[descriptor]?.isIdle = true
        // What lay there before has been told, perhaps.
        dissolveIfItSpoke(descriptor)
    }

    func closed(_ descriptor: CInt) {
        guard let state = states.removeValue(forKey: descriptor), !state.isHTTP2 else { return }
        unwatch(descriptor)
    }

    // MARK: - Idle ones

    func isIdle(_ descriptor: CInt) -> Bool {
        states[descriptor]?.isIdle == true && states[descriptor]?.isHTTP2 == false
    }

    /// Dissolves an idle connection if it has said something or ended; says whether it had.
    @discardableResult
    func dissolveIfItSpoke(_ descriptor: CInt) -> Bool {
        guard isIdle(descriptor), hasSpoken(descriptor) else { return false }
        if let url = states[descriptor]?.url, hasSurplus(descriptor, isSecure: hasTLS(url)) { noteSurplus(of: url) }
        unwatch(descriptor)
        dissolve(descriptor)
        return true
    }

    /// Dissolves every idle connection that has said something or ended; says whether there was one.
    func dissolveThoseThatSpoke() -> Bool {
        let capacity = max(1, states.count)
        return withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: capacity) { events in
            let count = epoll_wait(epoll, events.baseAddress, CInt(capacity), 0)
            var isAny = false
            for event in events.prefix(Int(max(0, count))) where dissolveIfItSpoke(event.data.fd) { isAny = true }
            return isAny
        }
    }

    /// A server has sent what nobody asked for.
    func noteSurplus(of url: String) { if surplus.count < 1000 { surplus.append(url) } }

    func takeSurplus() -> [String] {
        guard !surplus.isEmpty else { return [] }
        defer { surplus = [] }
        return surplus
    }

    private func unwatch(_ descriptor: CInt) {
        var event = epoll_event()
        epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, &event)
    }

    // MARK: - The answer on one

    /// The connection that counts as idle and has sent something; in doubt, there is none.
    var justUsed: CInt? {
        states.first { descriptor, state in
            guard state.isIdle, let before = state.counts, let now = TCPCounts(descriptor) else { return false }
            return now.written > before.written
        }?.key
    }

    /// An answer has begun to come in; says whether what was sent can have caused it.
    func answerBegins(on descriptor: CInt) -> Bool {
        guard let state = states[descriptor] else { return true }
        states[descriptor]?.isAnswered = true
        states[descriptor]?.countsBefore = state.counts
        guard let before = state.counts, let now = TCPCounts(descriptor) else { return true }
        // Where libcurl reads an answer right after it has sent the request, it may never say that it used the connection.
        if state.isIdle { states[descriptor]?.counts = now }
        return now.confirmsSomething(since: before)
    }

    /// How many bytes have come in since the exchange began, read or not; `nil` if that is not known.
    func received(on descriptor: CInt) -> UInt64? {
        guard let before = states[descriptor]?.countsBefore, let now = TCPCounts(descriptor) else { return nil }
        return now.received &- before.received
    }
}
