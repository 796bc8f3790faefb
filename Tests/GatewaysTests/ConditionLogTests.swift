import Gateways
import Testing

struct ConditionLogTests {
    private func report(_ condition: GatewayCondition) -> Gateways.Report {
        Gateways.Report(lane: 0, gateway: "g", queue: "q", condition: condition, since: 0, words: "", attempts: [:])
    }

    private func expectNothing(_ news: [Gateways.Report]) { #expect(news.isEmpty) }

    @Test
    func saysEachChangeOnce() {
        var log = ConditionLog()
        expectNothing(log.news(in: [report(.unknown)], at: .seconds(1)))
        let first = log.news(in: [report(.unreachable)], at: .seconds(2))
        #expect(first.map(\.condition) == [.unreachable])
        expectNothing(log.news(in: [report(.unreachable)], at: .seconds(3)))
        let second = log.news(in: [report(.reachable)], at: .seconds(5))
        #expect(second.map(\.condition) == [.reachable])
    }

    @Test
    func whatChangesEverySecondIsSaidLessAndLessOften() {
        var log = ConditionLog()
        var lines = 0
        for second in 0..<3600 {
            let condition = second.isMultiple(of: 2) ? GatewayCondition.shedding : .reachable
            lines += log.news(in: [report(condition)], at: .seconds(second)).count
        }
        #expect((20..<90).contains(lines))
    }

    @Test
    func whatLastsIsSaidInTheEnd() {
        var log = ConditionLog()
        for second in 0..<60 {
            let condition = second.isMultiple(of: 2) ? GatewayCondition.shedding : .reachable
            _ = log.news(in: [report(condition)], at: .seconds(second))
        }
        var said: [GatewayCondition] = []
        for second in 60..<200 { said += log.news(in: [report(.failing)], at: .seconds(second)).map(\.condition) }
        #expect(said == [.failing])
    }
}
