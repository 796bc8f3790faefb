import Links
package import Logging
package import Loop
package import PipelineMetrics
package import PipelineTracing
package import Settings
import Wire

/// The parts that the work of one stage needs: its settings, its log, its metrics and its links.
@PipelineActor
package struct Stage {
    package let settings: StageSettings
    package let logger: Logger
    package let registry: MetricsRegistry
    package let links: StageLinks
    /// Records spans; `nil` where nobody wants them.
    package var tracer: PipelineTracer?

    /// The link that all senders of this stage connect to.
    package func incoming() throws(LinkError) -> IncomingLink {
        guard let listen = settings.listen else { preconditionFailure("\(settings.stage) listens to nobody") }
        let senders = StageName.allCases.filter { $0.receivers.contains(settings.stage) }.map(\.rawValue)
        return try links.incoming(
            "\(senders.joined(separator: "+"))-\(settings.stage)", listen: "\(listen)",
            wiring: LinkWiring(own: introduction(seeks: ""), stages: senders))
    }

    /// The link to all processes of another stage.
    ///
    /// The first one binds the socket where reports arrive.
    package func outgoing(to receiver: StageName) throws(LinkError) -> OutgoingLink {
        if links.ackAddress == nil, let acks = settings.acks {
            try links.bindAcks("\(acks)", advertise: settings.acksAdvertise?.description)
        }
        let endpoints =
            switch receiver {
            case .dispatch: settings.dispatch
            case .retry: settings.retry
            case .emit: settings.emit
            case .ingest: [Endpoint]()
            }
        return links.outgoing(
            "\(settings.stage)-\(receiver)", to: endpoints.map(\.description), maxDeliveries: settings.maxDeliveries,
            // Emit holds a message for as long as the queue needs to take it, which is long for a large one.
            largeFrom: receiver == .emit ? 1 << 20 : .max,
            wiring: LinkWiring(own: introduction(seeks: receiver.rawValue), stages: [receiver.rawValue]))
    }

    /// How this process identifies itself on its links.
    private func introduction(seeks: String) -> Introduction {
        Introduction(
            pipeline: settings.pipeline, stage: settings.stage.rawValue, release: pipelineVersion,
            version: Frame.version, seeks: seeks)
    }
}
