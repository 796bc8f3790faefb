/// What the subscribers of a publishing socket want, as the socket tells: topics that begin with certain bytes.
struct Subscriptions: Sendable, Equatable {
    /// Prefixes remembered; beyond, everything counts as wanted, and libzmq sorts out who gets it.
    ///
    /// A stranger could ask for a million.
    static let most = 100

    private var prefixes: Set<[UInt8]> = []
    /// All prefixes, remembered or not.
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    /// Takes what the socket tells.
    ///
    /// 1 and a prefix that somebody wants now and nobody wanted before, or 0 and one that
    /// nobody wants any more; also when a connection ends. Source: zmq_socket(3), ZMQ_XPUB.
    mutating func update(_ message: [UInt8]) {
        let prefix = Array(message.dropFirst())
        switch message.first {
        case 1:
            count += 1
            if prefixes.count < Self.most { prefixes.insert(prefix) }
        case 0:
            count = max(0, count - 1)
            prefixes.remove(prefix)
        default: break
        }
    }

    /// Whether anybody wants a message with this topic.
    func want(_ topic: [UInt8]) -> Bool {
        count > prefixes.count || prefixes.contains { topic.starts(with: $0) }
    }
}
