import Links
import Logging

/// What the log is told of the peers of an outgoing link: when the first one comes and the last one goes, and when one of
/// several is lost.
struct PeerNews: Sendable {
    private var hadPeer: Bool?
    private var lost: Set<String> = []

    /// - Parameters:
    ///   - peers: as they are now.
    ///   - hasPeer: one of them takes messages.
    mutating func say(_ peers: [PeerStatus], hasPeer: Bool, on link: String, _ logger: Logger) {
        sayWhetherThereIsOne(peers, hasPeer, link, logger)
        let lost = Set(peers.lazy.filter(\.isLost).map(\.address))
        // Without any there has been a line for all.
        if hasPeer {
            for address in lost.subtracting(self.lost).sorted() {
                logger.warning(
                    "A peer is lost; what it has not finished goes to others",
                    metadata: ["link": "\(link)", "peer": "\(address)"])
            }
            for address in self.lost.subtracting(lost).sorted() where peers.contains(where: { $0.answers(at: address) })
            {
                logger.info("A lost peer answers again", metadata: ["link": "\(link)", "peer": "\(address)"])
            }
        }
        self.lost = lost
    }

    private mutating func sayWhetherThereIsOne(
        _ peers: [PeerStatus], _ hasPeer: Bool, _ link: String, _ logger: Logger
    ) {
        guard hasPeer != hadPeer else { return }
        hadPeer = hasPeer
        let metadata: Logger.Metadata = ["link": "\(link)", "addresses": "\(peers.map(\.address).sorted())"]
        if hasPeer {
            logger.info("A peer answers", metadata: metadata)
        } else {
            logger.warning("No peer answers; waiting for one", metadata: metadata)
        }
    }
}

extension PeerStatus {
    fileprivate func answers(at address: String) -> Bool { isLive && self.address == address }
}
