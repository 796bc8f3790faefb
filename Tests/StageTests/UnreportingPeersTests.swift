import Links
import Testing

@testable import Stage

struct UnreportingPeersTests {
    @Test
    func namesAPeerOnceThatIsConnectedAndSilentForLong() {
        let long = LinkTiming.unreported
        var peers = UnreportingPeers()
        var said: [[String]] = []
        said.append(peers.note(["a", "b"], now: .zero) { $0 == "a" })
        said.append(peers.note(["a", "b"], now: long - .milliseconds(1)) { _ in true })
        #expect(peers.known == [])
        said.append(peers.note(["a", "b"], now: long) { _ in true })
        said.append(peers.note(["a", "b"], now: long + .seconds(1)) { _ in true })
        #expect(peers.known == ["a"])
        said.append(peers.note(["b"], now: long * 2) { _ in true })
        #expect(peers.known == ["b"], "a has reported")
        said.append(peers.note(["a"], now: long * 2) { _ in true })
        #expect(said == [[], [], ["a"], [], ["b"], []])
    }
}
