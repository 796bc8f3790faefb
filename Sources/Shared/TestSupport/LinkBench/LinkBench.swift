import Foundation
package import Links
import Logging
package import Loop
package import Messages
package import PipelineMetrics
package import Stage

/// Both ends of one link in one process, over real sockets; the test is the stage at one of them or at both.
@PipelineActor
package final class LinkBench {
    package let outgoing: OutgoingLink
    package let senderLinks: StageLinks
    /// Where the receiving end listens.
    package let endpoint: String
    /// The receiving end, with its registry.
    package private(set) var receiverLinks: StageLinks?
    package let registry = MetricsRegistry()
    /// Tokens of what the receiver has finished, in order.
    package private(set) var done: [UInt64] = []

    private let name: String
    private let folder: URL
    private let logger: Logger
    private var resolving: Task<Void, Never>?

    /// Makes the sending end.
    ///
    /// - Parameters:
    ///   - name: of the link, such as `dispatch-emit`.
    ///   - acks: where reports arrive; `nil` for a path of its own.
    ///   - advertise: what the other end is told about that.
    package init(_ name: String, acks: String? = nil, advertise: String? = nil) throws {
        self.name = name
        var logger = Logger(label: name)
        logger.logLevel = .critical
        self.logger = logger
        folder = URL(filePath: "/tmp/ap-link-\(UInt32.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        endpoint = "ipc://\(folder.path)/receiver"
        senderLinks = try StageLinks(registry: MetricsRegistry(), logger: logger)
        try senderLinks.bindAcks(acks ?? "ipc://\(folder.path)/acks", advertise: advertise)
        outgoing = senderLinks.outgoing(name, to: [endpoint], maxDeliveries: 5)
        outgoing.onDone = { [weak self] in
            if case .lease(let token) = $0 { self?.done.append(token) }
        }
        senderLinks.start()
        resolving = Task { [senderLinks] in _ = await senderLinks.resolve() }
    }

    /// Makes the receiving end; nothing arrives before the caller lets go of the pipeline thread, so handlers are set
    /// in time.
    ///
    /// - Parameter wiring: who it is and who may send; what it says of pools is said only with that.
    package func listen(wiring: LinkWiring? = nil) throws -> IncomingLink {
        let links = try StageLinks(registry: registry, logger: logger)
        let incoming = try links.incoming(name, listen: endpoint, wiring: wiring)
        links.start()
        receiverLinks = links
        return incoming
    }

    /// Waits until the sender has its peer.
    package func waitForPeer() async throws { try await wait { outgoing.hasLivePeer } }

    /// Lets the receiving end vanish as if its process had died; whoever else holds the link has let it go before.
    package func dropReceiver() { receiverLinks = nil }

    package func send(_ envelope: Envelope, token: UInt64) { outgoing.send(envelope, from: .lease(token)) }

    /// Asks every two milliseconds; tests have time limits.
    package func wait(until condition: () -> Bool) async throws {
        while !condition() { try await Task.sleep(for: .milliseconds(2)) }
    }

    package func end() async {
        resolving?.cancel()
        await senderLinks.leave()
        await receiverLinks?.leave()
        try? FileManager.default.removeItem(at: folder)
    }
}
