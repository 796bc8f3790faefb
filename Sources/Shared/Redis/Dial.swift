internal import CHiredis
import Glibc

/// Makes connections to one address after another.
struct Dial {
    /// What was tried and why it was no use.
    struct Failure {
        let place: String
        let reason: String
    }

    private let endpoint: RedisURL.Endpoint
    private var addresses: ArraySlice<ServerAddress> = []
    private var triesSocket = false
    private let limit: Duration
    private(set) var failures: [Failure] = []

    /// - Parameters:
    ///   - limit: for all addresses together, and for looking up the name; a single address has a second at least.
    ///   - first: is tried first, if the host still has it.
    init(_ url: RedisURL, limit: Duration, first: ServerAddress?) {
        endpoint = url.endpoint
        switch url.endpoint {
        case .unix:
            triesSocket = true
            self.limit = limit
        case .tcp(let host, let port):
            do throws(NameLookup.Failure) {
                var found = try NameLookup.addresses(of: host, port: port, within: limit)
                if let first, let place = found.firstIndex(of: first) { found.swapAt(0, place) }
                addresses = found[...]
            } catch {
                failures.append(Failure(place: "", reason: error.reason))
            }
            self.limit = addresses.isEmpty ? limit : max(.seconds(1), limit / addresses.count)
        }
    }

    /// Connects to the next address that takes a connection; `nil` if none is left.
    mutating func next() -> (context: UnsafeMutablePointer<redisContext>, address: ServerAddress?)? {
        if case .unix(let path) = endpoint, triesSocket {
            triesSocket = false
            return connect(path).map { ($0, nil) }
        }
        while let address = addresses.popFirst(), !Task.isCancelled {
            if let context = connect(address) { return (context, address) }
        }
        return nil
    }

    /// Notes that the server there is not the one to talk to.
    mutating func refuse(_ address: ServerAddress?, _ reason: String) {
        failures.append(Failure(place: address?.description ?? "", reason: reason))
    }

    /// Why nothing was any use: with the addresses, if there are several.
    var reason: String {
        if failures.count == 1 { return failures[0].reason }
        if failures.isEmpty { return "cancelled" }
        return failures.map { "\($0.place): \($0.reason)" }.joined(separator: "; ")
    }

    private mutating func connect(_ path: String) -> UnsafeMutablePointer<redisContext>? {
        guard let context = redisConnectUnixNonBlock(path) else {
            refuse(nil, "out of memory")
            return nil
        }
        guard context.pointee.err == 0 else {
            refuse(nil, Self.error(of: context))
            redisFree(context)
            return nil
        }
        // A child process that inherited it would keep the server from noticing that we are gone.
        _ = fcntl(context.pointee.fd, F_SETFD, FD_CLOEXEC)
        if let reason = awaitConnection(context.pointee.fd) {
            refuse(nil, reason)
            redisFree(context)
            return nil
        }
        return context
    }

    private mutating func connect(_ address: ServerAddress) -> UnsafeMutablePointer<redisContext>? {
        let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(address.family, kind, 0)
        guard descriptor >= 0 else {
            refuse(address, String(cString: strerror(errno)))
            return nil
        }
        var on: CInt = 1
        setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<CInt>.size))
        let code = address.withAddress { Glibc.connect(descriptor, $0, $1) == 0 ? 0 : errno }
        let reason =
            code == 0 ? nil : code == EINPROGRESS ? awaitConnection(descriptor) : String(cString: strerror(code))
        guard reason == nil, let context = redisConnectFd(descriptor) else {
            refuse(address, reason ?? "out of memory")
            close(descriptor)
            return nil
        }
        // hiredis takes a descriptor that it is given for one that blocks.
        context.pointee.flags &= ~REDIS_BLOCK
        return context
    }

    /// Waits until the connection stands; why it does not.
    private func awaitConnection(_ descriptor: CInt) -> String? {
        var polled = [pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)]
        guard pollRetrying(&polled, for: limit) > 0 else { return "no answer within \(limit)" }
        var code: CInt = 0
        var size = socklen_t(MemoryLayout<CInt>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
        return code == 0 ? nil : String(cString: strerror(code))
    }

    static func error(of context: UnsafeMutablePointer<redisContext>) -> String {
        withUnsafeBytes(of: context.pointee.errstr) { text in
            String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
