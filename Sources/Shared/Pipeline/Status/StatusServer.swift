import Foundation
package import Logging
package import PipelineMetrics
import ServiceLifecycle

/// Serves `/healthz`, `/readyz`, `/status` and `/metrics` over HTTP/1.1, a request for each connection.
///
/// Idle it costs nothing: its one thread waits in poll(2) without a time limit. Give it to the service group before
/// all others, so that it is stopped last and a drain can be watched.
package struct StatusServer: Service, CustomStringConvertible {
    package let description: String
    private let listener: StatusListener

    /// Binds the port; connections wait until `run`.
    ///
    /// - Parameters:
    ///   - host: An address, a name, or `*` for all addresses.
    ///   - port: 0 takes any free port; that a flag's 0 means no server at all is the caller's business.
    ///   - answerLimit: How long the provider may take to answer.
    /// - Throws: when the port cannot be had.
    package init(
        host: String, port: UInt16, registry: MetricsRegistry, provider: any StatusProvider, logger: Logger,
        answerLimit: Duration = .seconds(3)
    ) throws(StatusServerError) {
        let responder = StatusResponder(provider: provider, registry: registry)
        listener = try StatusListener(
            host: host, port: port, service: StatusService(responder: responder, answerLimit: answerLimit)
        ) { most in
            logger.warning(
                "Too many connections to the status port; those that ask nothing are closed",
                metadata: ["limit": "\(most)"])
        }
        description = "status server on \(host):\(port)"
    }

    /// The port it listens on.
    package var port: UInt16 { listener.port }

    /// Serves until the group shuts down, or the task is cancelled.
    package func run() async {
        let (ends, end) = AsyncStream.makeStream(of: Void.self)
        let thread = Thread { [listener] in
            listener.serve()
            end.finish()
        }
        thread.name = "status"
        thread.start()
        try? await gracefulShutdown()
        listener.stop()
        // Also when the task is cancelled: the port is free once this returns.
        await Task { for await _ in ends {} }.value
    }
}
