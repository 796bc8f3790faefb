import LinkSimulator
import Links
import Testing

/// What receivers say is wrong behind them.
struct ConditionTests {
    private let away = Condition(
        subject: "http://gateway:80", queue: "q", state: "unreachable", since: 5, text: "it refuses", held: 3)

    /// A report that identifies its receiver, with conditions.
    private func report(
        _ bench: SenderBench, _ peer: Int, _ conditions: [Condition], refused: [Refusal] = []
    ) -> [MessageSender<String>.Action] {
        guard let hello = bench.hellos[peer] else { return [] }
        bench.reports += 1
        bench.sender.receive(
            Report(
                session: hello.session, receiver: hello.receiver, number: bench.reports, answers: hello.number,
                isOpen: true, limit: 100, refused: refused,
                from: Introduction(pipeline: "", stage: "dispatch", release: "", version: 1), conditions: conditions),
            now: bench.now)
        return bench.collect()
    }

    @Test
    func aSenderKnowsWhatIsWrongBehindAllOfItsPeers() {
        let bench = SenderBench(peers: 2, limit: 5)
        _ = report(bench, 0, [away])
        #expect(bench.sender.conditionsOfPeers == [], "the other peer has nothing to complain of")
        var other = away
        (other.since, other.held) = (2, 4)
        _ = report(bench, 1, [other])
        #expect(bench.sender.conditionsOfPeers.map(\.held) == [7])
        #expect(bench.sender.conditionsOfPeers.map(\.since) == [2])
        _ = report(bench, 0, [])
        #expect(bench.sender.conditionsOfPeers == [])
    }

    @Test
    func whatAPeerHasHandedBackIsOfferedAtOnceWhenLessIsWrong() {
        let bench = SenderBench(peers: 1, limit: 5)
        _ = bench.offer("a")
        let refusal = Refusal(number: 1, reason: .unsettleable)
        #expect(report(bench, 0, [away], refused: [refusal]).sends.isEmpty)
        bench.now += .milliseconds(100)
        #expect(report(bench, 0, [away]).sends.isEmpty)
        #expect(report(bench, 0, []).sends == [Send(peer: 0, number: 2)])
    }

    @Test
    func aReceiverTellsAllSendersAtOnceAndAgainWithEachFullReport() {
        var receiver = LinkReceiver(
            instance: 7,
            wiring: LinkWiring(
                own: Introduction(pipeline: "p", stage: "dispatch", release: "", version: 1), stages: ["ingest"]))
        receiver.receive(Hello(session: 1, receiver: 7, number: 1, ackAddress: "a"), now: .zero)
        receiver.setRoom(3)
        _ = receiver.allReports(.zero)
        receiver.setConditions([away])
        #expect(receiver.allReports(.milliseconds(1)).map(\.conditions) == [[away]])
        receiver.setConditions([away])
        #expect(receiver.allReports(.milliseconds(2)).isEmpty, "nothing is new")
        receiver.receive(Hello(session: 1, receiver: 7, number: 2, ackAddress: "a"), now: .seconds(1))
        #expect(receiver.allReports(.seconds(1)).map(\.conditions) == [[away]])
        receiver.setConditions([])
        let last = receiver.allReports(.milliseconds(1100))
        #expect(last.map(\.conditions) == [[]] && last.first?.from != nil)
    }
}
