import FlyingFox
import FlyingSocks
import Foundation
package import Logging
package import PipelineMetrics
import ServiceLifecycle

/// Serves `/healthz`, `/readyz`, `/status` and `/metrics` over HTTP.
///
/// Idle it costs nothing: its one thread waits in epoll without a time limit. Give it to the service group before
/// all others, so that it is stopped last and a drain can be watched.
package struct StatusServer: Service, CustomStringConvertible {
    package let description: String
    private let server: HTTPServer
    private let flag: String
    private let logger: Logger

    /// - Parameters:
    ///   - host: An address, a name, or `*` for all addresses.
    ///   - port: 0 takes any free port; that a flag's 0 means no server at all is the caller's business.
    ///   - answerLimit: How long the provider may take to answer.
    package init(
        host: String, port: UInt16, registry: MetricsRegistry, provider: any StatusProvider, logger: Logger,
        answerLimit: Duration = .seconds(3)
    ) throws(StatusServerError) {
        let responder = StatusResponder(provider: provider, registry: registry, asker: Asker(limit: answerLimit))
        let configuration = HTTPServer.Configuration(
            address: try BindAddress.resolve(host: host, port: port),
            pool: .ePoll(),
            logger: DebugLog(logger: logger)
        )
        server = HTTPServer(config: configuration, handler: ClosureHTTPHandler { await responder.respond(to: $0) })
        description = "status server on \(host):\(port)"
        flag = "\(host):\(port)"
        self.logger = logger
    }

    /// Serves until the group shuts down.
    ///
    /// - Throws: `StatusServerError` when the port cannot be had.
    package func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { try await server.run() }
        } catch let error as SocketError where !Task.isShuttingDownGracefully && !Task.isCancelled {
            throw StatusServerError(address: flag, reason: error.reason)
        } catch is CancellationError {
            return
        } catch {
            if Task.isShuttingDownGracefully || Task.isCancelled { return }
            throw error
        }
    }

    /// The port it listens on, once it does.
    package func listeningPort() async throws -> UInt16 {
        try await server.waitUntilListening()
        switch await server.listeningAddress {
        case .ip4(_, let port), .ip6(_, let port): return port
        default: throw StatusServerError(address: flag, reason: "not listening")
        }
    }
}

/// Why the status endpoints cannot be served.
package struct StatusServerError: Error, Equatable, CustomStringConvertible {
    package let address: String
    package let reason: String

    package var description: String {
        "cannot serve status on \(address) (--metrics-host, --metrics-port): \(reason)"
    }
}

extension SocketError {
    /// What the system said.
    fileprivate var reason: String {
        switch self {
        case .failed(_, _, let message): message
        default: localizedDescription
        }
    }
}

/// The server's own messages, at debug: a probe that hangs up is no event for people.
private struct DebugLog: FlyingSocks.Logging {
    let logger: Logger

    func logDebug(_ debug: @autoclosure () -> String) { log(debug()) }
    func logInfo(_ info: @autoclosure () -> String) { log(info()) }
    func logWarning(_ warning: @autoclosure () -> String) { log(warning()) }
    func logError(_ error: @autoclosure () -> String) { log(error()) }
    func logCritical(_ critical: @autoclosure () -> String) { log(critical()) }

    private func log(_ text: @autoclosure () -> String) {
        logger.trace("Status server", metadata: ["detail": "\(text())"])
    }
}
