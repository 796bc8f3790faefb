import Links
import Loop

/// What the process's one ack socket and its turns need of an outgoing link.
@PipelineActor
protocol SendingEnd: AnyObject {
    var name: String { get }
    var hasLivePeer: Bool { get }
    var peerStatus: [PeerStatus] { get }
    var problems: [WiringProblem] { get }
    func mayHear(from other: Introduction) -> Bool
    func updateMetrics()
    func resolve(_ addresses: [String])
    func hasSession(_ session: UInt64) -> Bool
    func receive(_ report: Report)
    func turn()
    func checkPeers()
    func leave()
}
