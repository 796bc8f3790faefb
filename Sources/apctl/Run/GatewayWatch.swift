import Glibc
import Queue

/// Asks dispatch how it gets on with the gateway, on a thread of its own: the question may take its time.
actor GatewayWatch {
    private let thread = QueueThread(name: "gateway")
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }
    private let status: HTTPAddress?

    /// - Parameter port: of dispatch's status endpoints, on loopback.
    init(port: UInt16) { status = HTTPAddress("http://127.0.0.1:\(port)/status") }

    /// `nil` when nothing is known: dispatch is not up, or says nothing of gateways.
    func look() -> GatewayReport? {
        guard let status, let answer = try? HTTPGet.fetch(status, timeout: .seconds(1)), answer.status == 200 else {
            return nil
        }
        return GatewayReport(status: answer.body)
    }

    /// A loopback port that is free; 0 when none was found.
    ///
    /// It lies below the range that the system takes the ports of connections from: a stage that is started again finds it
    /// free still. Source: ip(7), ip_local_port_range.
    static func freePort() -> UInt16 {
        for _ in 0..<50 {
            let port = UInt16.random(in: 20_000...32_000)
            if isFree(port) { return port }
        }
        return 0
    }

    private static func isFree(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafeBytes(of: &address) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) { bind(descriptor, $0.baseAddress, socklen_t(bytes.count)) == 0 }
        }
    }
}
