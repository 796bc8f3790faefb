import Messages
import Queue
import Stage
import Testing

@testable import EmitStage

/// What emit makes of a settlement that is stale here and may be another store's.
struct StoreCheckTests {
    private let own = StoreIdentity(.redisSortedSet, named: "own")
    private let other = StoreIdentity(.redisSortedSet, named: "other")

    private func check() -> StoreCheck {
        var check = StoreCheck()
        let isNews = check.know(.store(own))
        #expect(isNews)
        return check
    }

    @Test
    func comparesNamesThatAreKnownAtBothEnds() {
        var check = check()
        #expect(check.isForeign(other.number))
        #expect(!check.isForeign(own.number))
        #expect(!check.isForeign(0), "ingest does not know")
        let isNews = check.know(.unknown(reason: "NOPERM"))
        #expect(isNews)
        #expect(!check.isForeign(other.number), "emit does not know")
    }

    @Test
    func namesBothStoresOnceItIsAskedAgain() throws {
        var check = check()
        check.refuse(store: other.number, queue: "q", at: .zero)
        #expect(check.problems(at: .zero).isEmpty, "another emit may be there a moment later")
        check.refuse(store: other.number, queue: "q", at: .seconds(1))
        let problem = try #require(check.problems(at: .seconds(1)).first)
        #expect(
            problem.text.contains("\(own)") && problem.text.contains("\(other)") && problem.text.contains("queue q"))
        #expect(problem.isBlocking)
        #expect(check.refused == 2)
        #expect(check.problems(at: .seconds(4)).isEmpty)
        #expect(!check.isRefusing(at: .seconds(4)))
    }

    @Test
    func isReadyForThoseWhoseResultsItSettles() {
        var check = check()
        check.settled()
        for second in 0...2 { check.refuse(store: other.number, queue: "q", at: .seconds(second)) }
        #expect(check.problems(at: .seconds(2)).map(\.isBlocking) == [false])
        let isNews = check.know(.store(other))
        #expect(isNews)
        #expect(check.problems(at: .seconds(2)).isEmpty, "it is another store now")
    }

    @Test
    func remembersFewStores() {
        var check = check()
        for number in 0..<100 {
            for second in 0...1 {
                check.refuse(store: StoreIdentity(.sqlite, named: "\(number)").number, queue: "q", at: .seconds(second))
            }
        }
        #expect(check.problems(at: .seconds(1)).count == 16)
    }

    @Test
    func tellsKindsApartInOneDatabase() {
        let names = Set(QueueKind.allCases.map { StoreIdentity($0, named: "x").number })
        #expect(names.count == QueueKind.allCases.count)
        #expect(StoreIdentity(number: other.number) == other)
        #expect("\(other)".hasPrefix("the redis-sortedset store "))
        #expect("\(StoreIdentity(number: .max))" == "the store ffffffffffffff")
    }
}
