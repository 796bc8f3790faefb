import Glibc

/// Host, port and path of an `http` URL.
struct HTTPAddress: Equatable, CustomStringConvertible {
    var host: String
    var port: UInt16
    /// Starts with `/`; with the query.
    var path: String

    /// Reads `http://host[:port][/path]`; an IPv6 address stands in brackets.
    init?(_ text: String) {
        guard text.hasPrefix("http://") else { return nil }
        let rest = text.dropFirst("http://".count)
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        path = rest.endIndex == authority.endIndex ? "/" : String(rest[authority.endIndex...])
        if path.hasPrefix("?") { path = "/" + path }
        guard !path.contains(where: { $0.isWhitespace || $0.isNewline }) else { return nil }
        let afterHost: Substring
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            host = String(authority[..<end].dropFirst())
            afterHost = authority[authority.index(after: end)...]
        } else {
            host = String(authority.prefix { $0 != ":" })
            afterHost = authority.dropFirst(host.count)
        }
        guard !host.isEmpty, !host.contains("@"), afterHost.isEmpty || afterHost.hasPrefix(":") else { return nil }
        guard let port = afterHost.isEmpty ? 80 : UInt16(afterHost.dropFirst()) else { return nil }
        self.port = port
    }

    var authority: String { "\(host.contains(":") ? "[\(host)]" : host):\(port)" }
    var description: String { "http://\(authority)\(path)" }
}

extension HTTPAddress {
    /// This place on each machine that the name stands for: a service of several processes has one name.
    ///
    /// Itself for an address, for this machine, and for a name that cannot be resolved.
    var onEachMachine: [HTTPAddress] {
        var hints = addrinfo()
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, "\(port)", &hints, &found) == 0, let first = found else { return [self] }
        defer { freeaddrinfo(first) }
        let numbers = sequence(first: first, next: { $0.pointee.ai_next }).compactMap { entry in
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let code = getnameinfo(
                entry.pointee.ai_addr, entry.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
            return code == 0
                ? String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self) : nil
        }
        let machines = Self.machines(numbers)
        guard machines.count > 1 else { return [self] }
        return machines.map { machine in
            var address = self
            address.host = machine
            return address
        }
    }

    /// One address for each machine, as far as that can be known: a machine has one of each family, and servers that
    /// listen everywhere take IPv4 in any case.
    ///
    /// Those of this machine alone are one.
    static func machines(_ addresses: [String]) -> [String] {
        let version4 = addresses.filter { !$0.contains(":") }
        var seen: Set<String> = []
        let one = (version4.isEmpty ? addresses : version4).filter { seen.insert($0).inserted }
        return one.allSatisfy { $0.hasPrefix("127.") || $0 == "::1" } ? Array(one.prefix(1)) : one
    }
}

/// Why there is no answer.
struct HTTPGetError: Error, CustomStringConvertible {
    var description: String

    static func last(_ what: String) -> Self {
        let isTimeout = errno == EAGAIN || errno == EINPROGRESS
        return Self(description: "\(what): \(isTimeout ? "timed out" : String(cString: strerror(errno)))")
    }
}

/// One small GET; blocks the thread.
enum HTTPGet {
    struct Answer: Equatable {
        var status: Int
        var body: String
    }

    /// - Parameters:
    ///   - timeout: Limit for connecting and for each wait after that.
    ///   - mostBytes: What comes after these is left out.
    static func fetch(
        _ address: HTTPAddress, timeout: Duration, mostBytes: Int = 1 << 20
    ) throws(HTTPGetError) -> Answer {
        let descriptor = try connect(to: address, timeout: timeout)
        defer { close(descriptor) }
        let request = "GET \(address.path) HTTP/1.1\r\nHost: \(address.authority)\r\nConnection: close\r\n\r\n"
        let bytes = Array(request.utf8)
        guard send(descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL)) == bytes.count else { throw .last("send") }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16384)
        let end = ContinuousClock.now + timeout
        while answer.count < mostBytes {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count < 0 { throw .last("receive") }
            if count == 0 { break }
            answer += buffer.prefix(count)
            if ContinuousClock.now > end { throw HTTPGetError(description: "receive: timed out") }
        }
        return try parse(String(decoding: answer, as: UTF8.self))
    }

    static func parse(_ text: String) throws(HTTPGetError) -> Answer {
        let line = text.prefix { $0 != "\r\n" && $0 != "\n" }.split(separator: " ")
        guard line.count >= 2, line[0].hasPrefix("HTTP/1."), let status = Int(line[1]) else {
            throw HTTPGetError(description: "no HTTP answer")
        }
        let body = text.firstRange(of: "\r\n\r\n").map { text[$0.upperBound...] } ?? ""
        return Answer(status: status, body: String(body))
    }

    private static func connect(to address: HTTPAddress, timeout: Duration) throws(HTTPGetError) -> CInt {
        var hints = addrinfo()
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(address.host, "\(address.port)", &hints, &found)
        guard code == 0, let first = found else {
            throw HTTPGetError(description: "resolve \(address.host): \(String(cString: gai_strerror(code)))")
        }
        defer { freeaddrinfo(first) }
        var failure = HTTPGetError(description: "no address")
        for entry in sequence(first: first, next: { $0.pointee.ai_next }) {
            let descriptor = socket(entry.pointee.ai_family, CInt(SOCK_STREAM.rawValue), 0)
            guard descriptor >= 0 else { throw .last("socket") }
            setLimits(descriptor, timeout)
            if Glibc.connect(descriptor, entry.pointee.ai_addr, entry.pointee.ai_addrlen) == 0 { return descriptor }
            failure = .last("connect")
            close(descriptor)
        }
        throw failure
    }

    /// Sets the limits of reads, writes and, with SO_SNDTIMEO, connect(2).
    ///
    /// Source: socket(7).
    private static func setLimits(_ descriptor: CInt, _ timeout: Duration) {
        let (seconds, attoseconds) = timeout.components
        // A timeval: two words, seconds and microseconds.
        var limit = (Int(seconds), Int(attoseconds / 1_000_000_000_000))
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<(Int, Int)>.size))
        }
    }
}
