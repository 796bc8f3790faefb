import Foundation

/// The connections of a port, and who has to go when there are too many.
struct StatusRoom {
    /// Answers that are awaited, those that nobody waits for any more included: a stage that hangs would collect tasks
    /// with every scrape.
    private static let maxQuestions = 16
    /// Connections, at most, where the limit of descriptors allows it.
    private static let maxConnections = 64
    /// Accepted in one turn, so that those who are served get theirs.
    private static let acceptedAtOnce = 16
    /// How long to leave the port alone when the system cannot give a descriptor.
    private static let pause = Duration.milliseconds(100)
    /// How long the port must be left in peace before the next crowd on it is news.
    private static let quiet = Duration.seconds(60)

    private let socket: CInt
    private let limits: PortLimits
    private let onCrowd: @Sendable (_ most: Int) -> Void
    private let most: Int
    private var connections: [UInt64: StatusConnection] = [:]
    private var lastID: UInt64 = 0
    private var questions = 0
    /// A descriptor to give up for a connection when there is no other; -1 when it is in use.
    private var reserve: CInt
    private var pausedUntil: Duration?
    private var lastCrowd: Duration?

    /// - Parameters:
    ///   - socket: listens; not closed by this.
    ///   - onCrowd: Is told when there are too many connections, now and then while that is so.
    init(_ socket: CInt, _ limits: PortLimits, onCrowd: @escaping @Sendable (_ most: Int) -> Void = { _ in }) {
        self.socket = socket
        self.limits = limits
        self.onCrowd = onCrowd
        reserve = fcntl(socket, F_DUPFD_CLOEXEC, 0)
        var limit = rlimit()
        let isKnown = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
        most = min(Self.maxConnections, max(4, (isKnown ? Int(clamping: limit.rlim_cur) : 1024) / 8))
    }

    static var now: Duration { .nanoseconds(Int64(clamping: DispatchTime.now().uptimeNanoseconds)) }

    /// Waits until there is something to do.
    ///
    /// - Returns: the connections that can go on.
    mutating func wait(_ wakeUp: CInt) -> [UInt64] {
        let ids = connections.keys.sorted()
        var polled = [pollfd(fd: wakeUp, events: Int16(POLLIN), revents: 0)]
        let listens = pausedUntil == nil
        polled.append(pollfd(fd: listens ? socket : -1, events: Int16(POLLIN), revents: 0))
        for id in ids {
            let connection = connections[id]
            polled.append(pollfd(fd: connection?.descriptor ?? -1, events: connection?.events ?? 0, revents: 0))
        }
        let next = (connections.values.map(\.deadline) + [pausedUntil].compactMap(\.self)).min()
        let patience = next.map { max(.zero, $0 - Self.now) / .milliseconds(1) }
        poll(&polled, nfds_t(polled.count), patience.map { CInt(clamping: Int($0.rounded(.up))) } ?? -1)
        return zip(ids, polled.dropFirst(2)).filter { $1.revents != 0 }.map(\.0)
    }

    /// Takes new connections.
    mutating func accept(now: Duration) -> [UInt64] {
        if let pausedUntil, pausedUntil > now { return [] }
        pausedUntil = nil
        var new: [UInt64] = []
        while new.count < Self.acceptedAtOnce {
            let descriptor = Foundation.accept(socket, nil, nil)
            if descriptor < 0 {
                if errno == EINTR || errno == ECONNABORTED { continue }
                if errno == EAGAIN || !giveReserve(now) { break }
                continue
            }
            _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            if connections.count >= most { makeRoom(now) }
            lastID += 1
            connections[lastID] = StatusConnection(descriptor, now: now)
            new.append(lastID)
        }
        return new
    }

    /// - Returns: `false` when there is none; then nothing is accepted for a moment.
    private mutating func giveReserve(_ now: Duration) -> Bool {
        guard reserve >= 0 else {
            pausedUntil = now + Self.pause
            return false
        }
        Foundation.close(reserve)
        reserve = -1
        return true
    }

    private mutating func makeRoom(_ now: Duration) {
        if lastCrowd.map({ now - $0 > Self.quiet }) ?? true { onCrowd(most) }
        lastCrowd = now
        if let id = leastUseful { close(id) }
    }

    /// The one that has waited longest among those that are not being answered.
    private var leastUseful: UInt64? {
        connections.min { ($0.value.isServed ? 1 : 0, $0.key) < ($1.value.isServed ? 1 : 0, $1.key) }?.key
    }

    /// Lets a connection read or write what it can.
    mutating func step(_ id: UInt64, now: Duration) -> RequestHead.Reading {
        guard var connection = connections[id] else { return .incomplete }
        do {
            defer { connections[id] = connection }
            if case .writing = connection.phase {
                try connection.write(now: now)
            } else if case .asking = connection.phase {
                // It has hung up.
                throw StatusConnection.Gone()
            } else {
                return try connection.read(longestBody: limits.body)
            }
        } catch {
            close(id)
        }
        return .incomplete
    }

    /// Notes that an answer is awaited.
    ///
    /// - Returns: `false` when too many are.
    mutating func wait(for id: UInt64, now: Duration, orElse answer: [UInt8]) -> Bool {
        guard questions < Self.maxQuestions else { return false }
        questions += 1
        connections[id]?.wait(until: now + limits.answer, orElse: answer)
        return true
    }

    /// An answer that was awaited has come; perhaps nobody waits for it any more.
    mutating func arrived(_ answer: [UInt8], for id: UInt64, now: Duration) {
        questions -= 1
        if case .asking = connections[id]?.phase { self.answer(id, answer, now: now) }
    }

    /// Sends an answer.
    mutating func answer(_ id: UInt64, _ answer: [UInt8], now: Duration) {
        connections[id]?.answer(answer, until: now + limits.write)
        _ = step(id, now: now)
    }

    /// Closes the connections whose time is over, and answers those that have waited in vain.
    mutating func expire(now: Duration) {
        for (id, connection) in connections where connection.deadline <= now {
            if case .asking(let answer) = connection.phase {
                self.answer(id, answer, now: now)
            } else {
                close(id)
            }
        }
        if reserve < 0 { reserve = fcntl(socket, F_DUPFD_CLOEXEC, 0) }
    }

    mutating func closeAll() {
        for id in Array(connections.keys) { close(id) }
        if reserve >= 0 { Foundation.close(reserve) }
    }

    private mutating func close(_ id: UInt64) {
        if let connection = connections.removeValue(forKey: id) { Foundation.close(connection.descriptor) }
    }
}
