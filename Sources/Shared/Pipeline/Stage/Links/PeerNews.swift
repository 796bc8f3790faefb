import Links
import Logging

/// What the log is told of the peers of an outgoing link: when the first one comes and the last one goes, and when one of
/// several is lost.
struct PeerNews: Sendable {
    private var hadPeer: Bool?
    /// Those that the log has called lost, and that have not answered since.
    private var lost: Set<String> = []

    /// - Parameters:
    ///   - peers: as they are now.
    ///   - hasPeer: one of them takes messages.
    mutating func say(_ peers: [PeerStatus], hasPeer: Bool, on link: String, _ logger: Logger) {
        sayWhetherThereIsOne(peers, hasPeer, link, logger)
        lost.formIntersection(peers.map(\.address))
        for peer in peers.sorted(by: { $0.address < $1.address }) {
            let metadata: Logger.Metadata = ["link": "\(link)", "peer": "\(peer.address)"]
            if peer.isLive, lost.remove(peer.address) != nil {
                logger.info("A lost peer answers again", metadata: metadata)
            }
            // Without any there has been a line for all; and one that has said goodbye begins as if it had never answered.
            if hasPeer, peer.isLost, peer.hasAnswered, lost.insert(peer.address).inserted {
                logger.warning("A peer is lost; what it has not finished goes to others", metadata: metadata)
            }
        }
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
