import Glibc
import Loop

/// A stand-in for an OpenAI-style inference gateway, with faults on demand.
///
/// It serves `/v1/completions`, `/v1/chat/completions`, `/v1/embeddings`, `/v1/models`, `/metrics` and `/health` over
/// HTTP/1.1 on the pipeline thread of its process, and runs until `stop` is called.
package final class GatewaySimulator: Sendable {
    /// Base address without a path, such as `http://127.0.0.1:30080`.
    package let url: String
    package let port: UInt16
    package let recorder = GatewayRecorder()
    private let server: GatewayServer

    private init(_ settings: GatewaySettings, host: String, port: UInt16) async throws(GatewaySimulatorError) {
        Descriptors.raiseLimit()
        server = try await GatewayServer(settings, recorder: recorder, host: host, port: port)
        self.port = server.port
        url = "http://\(host.contains(":") ? "[\(host)]" : host):\(self.port)"
    }

    /// Binds, listens and serves.
    ///
    /// - Parameter port: 0 lets the system choose.
    package static func start(
        _ settings: GatewaySettings = GatewaySettings(), host: String = "127.0.0.1", port: UInt16 = 0
    ) async throws(GatewaySimulatorError) -> GatewaySimulator {
        try await GatewaySimulator(settings, host: host, port: port)
    }

    /// Every request seen so far, in the order of arrival.
    package func requests() -> [GatewayRequest] { recorder.requests }

    /// From now on requests are accepted and wait, until `release`.
    package func hold() async { await server.hold(true) }

    package func release() async { await server.hold(false) }

    /// What the capacity model has seen so far, as one JSON object: the last line of its report; `nil` without a model.
    package func summary() async -> String? { await server.summary() }

    /// Closes the listening socket and every connection.
    package func stop() async { await server.stop() }
}
