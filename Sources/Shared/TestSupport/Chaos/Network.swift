package import TestServers

/// Who listens where, and the proxies in between.
package struct Network: Sendable {
    /// Of one process.
    private struct Ports: Sendable {
        let listen: Int
        let acks: Int
        let metrics: Int
    }

    private let layout: Layout
    private let ports: [String: Ports]
    /// In front of each process's `--listen` and `--acks`, by port.
    private let linkProxies: [Int: CuttingProxy]
    private let serverProxies: [StageKind: CuttingProxy]
    private let serverPort: Int?

    init(_ layout: Layout, serverPort: Int?) throws {
        self.layout = layout
        self.serverPort = serverPort
        var ports: [String: Ports] = [:]
        var proxies: [Int: CuttingProxy] = [:]
        for kind in StageKind.allCases {
            for name in kind.names(layout.places(kind)) {
                let own = Ports(listen: try freePort(), acks: try freePort(), metrics: try freePort())
                ports[name] = own
                guard layout.hasLinkProxies else { continue }
                if kind != .ingest { proxies[own.listen] = try CuttingProxy(to: own.listen) }
                if kind != .emit { proxies[own.acks] = try CuttingProxy(to: own.acks) }
            }
        }
        self.ports = ports
        linkProxies = proxies
        var server: [StageKind: CuttingProxy] = [:]
        if layout.hasServerProxies, let serverPort {
            for kind in [StageKind.ingest, .emit] { server[kind] = try CuttingProxy(to: serverPort) }
        }
        serverProxies = server
    }

    /// Where processes of a kind find the queue's server.
    func serverPort(for kind: StageKind) -> Int? { serverProxies[kind]?.port ?? serverPort }

    /// Flags of one process that say where it and its peers are.
    func flags(of name: String, _ kind: StageKind) -> [String] {
        guard let own = ports[name] else { return [] }
        var flags = ["--metrics-port", "\(own.metrics)"]
        for receiver in [StageKind.dispatch, .retry, .emit] {
            let peers = receiver.names(layout.places(receiver)).compactMap { ports[$0]?.listen }.map(reachable)
            flags += ["--\(receiver.rawValue)", peers.joined(separator: ",")]
        }
        if kind != .ingest { flags += ["--listen", "tcp://127.0.0.1:\(own.listen)"] }
        if kind != .emit {
            flags += ["--acks", "tcp://127.0.0.1:\(own.acks)", "--acks-advertise", reachable(own.acks)]
        }
        return flags
    }

    /// Where a process serves its status, such as `http://127.0.0.1:20001`.
    package func statusURL(of name: String) -> String? { ports[name].map { "http://127.0.0.1:\($0.metrics)" } }

    /// Ports of a process on the loopback address, without any proxy.
    package func ports(of name: String) -> (listen: Int, acks: Int, status: Int)? {
        ports[name].map { ($0.listen, $0.acks, $0.metrics) }
    }

    private func reachable(_ port: Int) -> String { "tcp://127.0.0.1:\(linkProxies[port]?.port ?? port)" }

    package func proxies(on road: Fault.Road) -> [CuttingProxy] {
        switch road {
        case .stages: linkProxies.sorted { $0.key < $1.key }.map(\.value)
        case .ingestToServer: [serverProxies[.ingest]].compactMap(\.self)
        case .emitToServer: [serverProxies[.emit]].compactMap(\.self)
        case .toServer: serverProxies.sorted { $0.key.rawValue < $1.key.rawValue }.map(\.value)
        }
    }

    func close() { for proxy in Array(linkProxies.values) + Array(serverProxies.values) { proxy.close() } }
}
