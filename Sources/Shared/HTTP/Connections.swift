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
        /// The place in the order in which they were opened.
        let age: UInt64
        /// OpenSSL's name for it, where it is spoken over TLS.
        let tls: UnsafeRawPointer?
        /// The last request on it.
        var url: String
        /// What had been written when the exchange before was over, or when it was opened; `nil` where the kernel does
        /// not count.
        var written: UInt64?
        /// Bytes of all answers that were read whole; `nil` if that is not known.
        var answered: UInt64?
        /// The same, before the answer under way.
        var answeredBefore: UInt64?
        /// Bytes that had come in when the answer under way began, read or not; `nil` where they are not the answers' own.
        var received: UInt64?
        /// How often the connections had been looked at by then.
        var looks: UInt64 = 0
        /// What had come in by then was the answer to its last byte, and no more.
        var isExact = false
        /// The exchange under way has an answer.
        var isAnswered = false
        /// The answer came before the request had gone out whole.
        var isWritingStill = false
        var isIdle = false

        mutating func begin(with counts: TCPCounts?, isSent: Bool, url: String, looks: UInt64) {
            isAnswered = true
            isExact = false
            self.looks = looks
            received = tls == nil ? counts?.received : nil
            answeredBefore = answered
            answered = nil
            isWritingStill = !isSent
            written = counts?.written
            if self.url != url { self.url = url }
        }
    }

    /// By descriptor.
    private var states: [State?] = []
    private var lastAge: UInt64 = 0
    private var count = 0
    /// Those that speak HTTP/1.1, the oldest first.
    private var idle: [CInt] = []
    /// The connections that ended before the server took the request under way, by age.
    private var unheard: Set<UInt64> = []
    /// The first connection that ended since a request was begun, by age.
    private var firstEnded: (age: UInt64, isUnheard: Bool)?
    /// URLs of servers that have sent what nobody asked for, since somebody looked.
    private var surplus: [String] = []
    /// How often all connections have been looked at.
    private var looks: UInt64 = 0
    /// All connections that speak HTTP/1.1, idle or not: to look at them all is one call, and nothing needs to be said
    /// when one is used.
    private let epoll = epoll_create1(CInt(EPOLL_CLOEXEC))

    deinit { if epoll >= 0 { close(epoll) } }

    // MARK: - What happens to a connection

    /// The first request is about to go out on it.
    ///
    /// - Parameter tls: OpenSSL's name for it; `nil` in plain text.
    func opened(_ descriptor: CInt, isHTTP2: Bool, url: String, tls: UnsafeRawPointer?) {
        forget(descriptor)
        while states.count <= Int(descriptor) { states.append(nil) }
        lastAge += 1
        count += 1
        let counts = isHTTP2 ? nil : TCPCounts(descriptor)
        states[Int(descriptor)] = State(
            isHTTP2: isHTTP2, age: lastAge, tls: tls, url: url, written: counts?.written, answered: counts?.received)
        guard !isHTTP2 else { return }
        var event = epoll_event()
        // Each change is told once: many of those in use have an answer to be read at any time.
        event.events = EPOLLIN.rawValue | EPOLLET.rawValue
        event.data.fd = descriptor
        epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event)
    }

    /// libcurl waits for something on it.
    func used(_ descriptor: CInt) { if isIdle(descriptor) { takeFromIdle(descriptor) } }

    /// libcurl waits for nothing on it any more.
    func rests(_ descriptor: CInt) {
        guard let place = place(of: descriptor), states[place]?.isAnswered == true else { return }
        states[place]?.isAnswered = false
        if states[place]?.isWritingStill == true {
            states[place]?.isWritingStill = false
            states[place]?.written = TCPCounts(descriptor)?.written
        }
        putIntoIdle(descriptor)
        // What has come in since the answer began is told with the next look, unless there was one in between.
        if let state = states[place], state.isExact, state.looks == looks { return }
        dissolveIfItSpoke(descriptor)
    }

    func closed(_ descriptor: CInt) {
        guard let place = place(of: descriptor), let state = states[place] else { return }
        if !state.isHTTP2, !state.isAnswered, firstEnded == nil || !state.isIdle {
            let isUnheard = state.written.flatMap { TCPCounts(descriptor)?.wasNotTaken(since: $0) } ?? false
            if isUnheard, !state.isIdle { unheard.insert(state.age) }
            if firstEnded == nil { firstEnded = (state.age, isUnheard) }
        }
        forget(descriptor)
        if !state.isHTTP2 { unwatch(descriptor) }
    }

    private func forget(_ descriptor: CInt) {
        guard let place = place(of: descriptor) else { return }
        if states[place]?.isIdle == true { takeFromIdle(descriptor) }
        states[place] = nil
        count -= 1
    }

    /// A request is about to be written; on which connection, nobody says before it has been.
    func requestBegins() { firstEnded = nil }

    /// The connection of the request that was begun last, which ended while it was written.
    func justEnded() -> UInt64? {
        guard let firstEnded else { return nil }
        if firstEnded.isUnheard { unheard.insert(firstEnded.age) }
        return firstEnded.age
    }

    /// Whether the connection ended before the server took the last request on it; asked once.
    ///
    /// So it does when our request and the goodbye of a server that is restarted cross (`TCPCounts.wasNotTaken`).
    func wasUnheard(_ serial: UInt64) -> Bool { unheard.remove(serial) != nil }

    /// Which one it is of all that had this descriptor; `nil` when it is closed.
    func serial(_ descriptor: CInt) -> UInt64? { place(of: descriptor).flatMap { states[$0]?.age } }

    /// The connection that OpenSSL calls so.
    func descriptor(tls: UnsafeRawPointer) -> CInt? { states.firstIndex { $0?.tls == tls }.map { CInt($0) } }

    /// Where the state of a connection is; `nil` for one that is not known.
    private func place(of descriptor: CInt) -> Int? {
        let place = Int(descriptor)
        return states.indices.contains(place) && states[place] != nil ? place : nil
    }

    // MARK: - Idle ones

    func isIdle(_ descriptor: CInt) -> Bool {
        guard let place = place(of: descriptor) else { return false }
        return states[place]?.isIdle == true
    }

    private func putIntoIdle(_ descriptor: CInt) {
        guard let place = place(of: descriptor), states[place]?.isIdle == false, states[place]?.isHTTP2 == false else {
            return
        }
        states[place]?.isIdle = true
        let age = age(descriptor)
        let next = idle.lastIndex { self.age($0) < age }.map { $0 + 1 } ?? 0
        idle.insert(descriptor, at: next)
    }

    private func takeFromIdle(_ descriptor: CInt) {
        states[Int(descriptor)]?.isIdle = false
        if let index = idle.firstIndex(of: descriptor) { idle.remove(at: index) }
    }

    private func age(_ descriptor: CInt) -> UInt64 { states[Int(descriptor)]?.age ?? 0 }

    /// Dissolves an idle connection if it has said something or ended; says whether it had.
    @discardableResult
    func dissolveIfItSpoke(_ descriptor: CInt) -> Bool {
        guard isIdle(descriptor), hasSpoken(descriptor) else { return false }
        if let state = states[Int(descriptor)], hasSurplus(descriptor, isSecure: state.tls != nil) {
            noteSurplus(of: state.url)
        }
        unwatch(descriptor)
        dissolve(descriptor)
        return true
    }

    /// Dissolves every idle connection that has said something or ended; says whether there was one.
    func dissolveThoseThatSpoke() -> Bool {
        looks &+= 1
        let capacity = max(1, count)
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

    /// An answer has begun to come in.
    ///
    /// - Parameters:
    ///   - descriptor: the connection; `nil` where libcurl has not said which. It does not say so where it reads an
    ///     answer right after it has sent the request.
    ///   - url: of the request.
    ///   - isSent: libcurl has written all of the request.
    /// - Returns: the connection, if it is known, and whether what was sent can have caused the answer.
    func answerBegins(on descriptor: CInt?, url: String, isSent: Bool) -> (connection: CInt?, isCaused: Bool) {
        guard let (descriptor, now) = descriptor.map({ ($0, TCPCounts($0)) }) ?? justUsed(for: url),
            let place = place(of: descriptor)
        else { return (descriptor, true) }
        let before = states[place]?.written
        states[place]?.begin(with: now, isSent: isSent, url: url, looks: looks)
        guard let before, let now else { return (descriptor, true) }
        return (descriptor, now.confirmsSomething(since: before))
    }

    /// It is known how long the answer under way is: `bytes`, with its head.
    ///
    /// - Returns: whether more than that had come in when it began: libcurl drops what it has read of that, and ends the
    ///   connection without a word. The end of the connection counts as a byte, and one byte as none.
    func answerHas(_ bytes: UInt64, on descriptor: CInt) -> Bool {
        guard let place = place(of: descriptor), let before = states[place]?.answeredBefore else { return false }
        let answered = before &+ bytes
        states[place]?.answered = answered
        guard let received = states[place]?.received else { return false }
        states[place]?.isExact = received == answered
        return received > answered &+ 1
    }

    /// How many bytes have come in since the exchange began, read or not; `nil` if that is not known.
    func received(on descriptor: CInt) -> UInt64? {
        guard let place = place(of: descriptor), let before = states[place]?.answeredBefore else { return nil }
        return TCPCounts(descriptor).map { $0.received &- before }
    }

    /// The connection that counts as idle and on which something was written; in doubt, there is none.
    ///
    /// libcurl takes the oldest that goes to the same server.
    private func justUsed(for url: String) -> (CInt, TCPCounts?)? {
        for isSame in [true, false] {
            for descriptor in idle where (states[Int(descriptor)]?.url == url) == isSame {
                guard let before = states[Int(descriptor)]?.written, let now = TCPCounts(descriptor),
                    now.written > before
                else { continue }
                return (descriptor, now)
            }
        }
        return nil
    }
}
