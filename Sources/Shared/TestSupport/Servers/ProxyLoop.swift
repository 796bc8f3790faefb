import Glibc
import Synchronization

/// What a proxy's thread does, turn by turn.
struct ProxyLoop {
    private let listener: CInt
    private let server: Int
    private let orders: CuttingProxy.Orders
    private var pairs: [ProxyPair] = []

    init(listener: CInt, server: Int, orders: CuttingProxy.Orders) {
        self.listener = listener
        self.server = server
        self.orders = orders
    }

    /// Moves what has arrived; `false` once the proxy is released.
    mutating func turn() -> Bool {
        let ready = wait()
        let (isReleased, mustCut) = orders.state.withLock { state in
            defer { state.mustCut = false }
            return (state.isReleased, state.mustCut)
        }
        if isReleased || mustCut {
            for pair in pairs { pair.close() }
            pairs = []
        }
        if isReleased {
            Glibc.close(listener)
            return false
        }
        pairs = pairs.compactMap { pair in
            var pair = pair
            if pair.move(ready, orders) { return pair }
            pair.close()
            return nil
        }
        if ready[listener] != nil { accept() }
        return true
    }

    /// Waits until something can be done, at most 10 ms, and says which descriptors are ready for what.
    private func wait() -> [CInt: Int16] {
        var polled = [pollfd(fd: listener, events: Int16(POLLIN), revents: 0)]
        var limit = Duration.milliseconds(10)
        let now = ContinuousClock.now
        for pair in pairs {
            polled += pair.interests(at: now)
            if let due = pair.nextDue { limit = min(limit, max(.milliseconds(1), due - now)) }
        }
        _ = poll(&polled, nfds_t(polled.count), CInt(limit / .milliseconds(1)))
        return polled.reduce(into: [:]) { if $1.revents != 0 { $0[$1.fd] = $1.revents } }
    }

    private mutating func accept() {
        let client = Glibc.accept(listener, nil, nil)
        guard client >= 0 else { return }
        _ = fcntl(client, F_SETFL, O_NONBLOCK)
        _ = fcntl(client, F_SETFD, FD_CLOEXEC)
        let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        let upstream = socket(AF_INET, kind, 0)
        let isOpen = orders.state.withLock(\.isOpen)
        if isOpen, withLoopback(server, { connect(upstream, $0, $1) == 0 || errno == EINPROGRESS }) {
            for descriptor in [client, upstream] {
                var on: CInt = 1
                setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<CInt>.size))
            }
            pairs.append(ProxyPair(client: client, server: upstream))
        } else {
            Glibc.close(client)
            Glibc.close(upstream)
        }
    }
}

/// One client's connection and the one to the server that belongs to it.
struct ProxyPair {
    private let client: CInt
    private let server: CInt
    private var toServer: ProxyFlow
    private var toClient: ProxyFlow
    /// The server has been asked something whose answer must be lost.
    private var losesAnswer = false

    init(client: CInt, server: CInt) {
        self.client = client
        self.server = server
        toServer = ProxyFlow(from: client, to: server)
        toClient = ProxyFlow(from: server, to: client)
    }

    func close() {
        Glibc.close(client)
        Glibc.close(server)
    }

    var nextDue: ContinuousClock.Instant? { [toServer.nextDue, toClient.nextDue].compactMap(\.self).min() }

    func interests(at now: ContinuousClock.Instant) -> [pollfd] {
        func interest(_ descriptor: CInt, _ incoming: ProxyFlow, _ outgoing: ProxyFlow) -> pollfd {
            let isDue = outgoing.nextDue.map { $0 <= now } ?? false
            let events = Int16((incoming.wantsMore ? POLLIN : 0) | (isDue ? POLLOUT : 0))
            // Without an interest not even an end is to be heard of: it would wake the thread again and again.
            return pollfd(fd: events == 0 ? -1 : descriptor, events: events, revents: 0)
        }
        return [interest(client, toServer, toClient), interest(server, toClient, toServer)]
    }

    /// Moves bytes both ways; `false` when the pair is over.
    mutating func move(_ ready: [CInt: Int16], _ orders: CuttingProxy.Orders) -> Bool {
        let (delay, swallows) = orders.state.withLock { ($0.delay, $0.swallows) }
        if ready[client] != nil {
            let bytes = toServer.read(delay: delay, vanishing: swallows == .toServer)
            if isAwaited(bytes, orders) { losesAnswer = true }
        }
        if let events = ready[server] {
            if losesAnswer, events & Int16(POLLIN) != 0 {
                orders.state.withLock { $0.cuts += 1 }
                return false
            }
            toClient.read(delay: delay, vanishing: swallows == .toClient)
        }
        let now = ContinuousClock.now
        return toServer.write(at: now) && toClient.write(at: now)
    }

    private func isAwaited(_ bytes: [UInt8], _ orders: CuttingProxy.Orders) -> Bool {
        orders.state.withLock { state in
            guard let pattern = state.pattern, bytes.firstRange(of: pattern) != nil else { return false }
            state.pattern = nil
            return true
        }
    }
}
