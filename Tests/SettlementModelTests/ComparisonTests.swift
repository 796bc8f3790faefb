import Queue
import SettlementModel
import Testing

/// What the model makes of a server's keys.
struct ComparisonTests {
    /// 1 waits, 2 is leased, 3 is parked for an hour, 4 is answered, 5 is dead-lettered.
    private func bench() throws -> ModelBench {
        var bench = ModelBench()
        try bench.submit(2)
        try bench.lease(2)
        try bench.submit(3)
        try bench.settle(try bench.lease(3), .hour, .settled)
        try bench.submit(4)
        try bench.settle(try bench.lease(4), .result, .settled, number: 4)
        try bench.submit(5)
        try bench.settle(try bench.lease(5), .deadLetter(hasResult: false), .settled, number: 5)
        try bench.submit(1)
        return bench
    }

    /// A server that has done all that.
    private let stored = StoredState(
        open: [
            .request(1, .waiting), .request(2, .leased(holder: "receipt 1", isExpired: false)),
            .request(3, .parked(due: ModelBench.now + 3_600_000), attempts: 1),
        ],
        results: [#"{"id":"r4","payload":"settlement 4"}"#],
        deadLetters: [StoredLetter(body: SettlementModel.body(of: 5), reason: "settlement 5")])

    @Test
    func findsNothingWhereAllIsWell() throws {
        #expect(try bench().mismatch(stored) == nil)
    }

    @Test(arguments: [
        Damage("vanished") { $0.open.removeFirst() },
        Damage("twice") { $0.open.append($0.open[0]) },
        Damage("stranger") { $0.open.append(.request(9, .waiting)) },
        Damage("other holder") { $0.open[1].state = .leased(holder: "receipt 2", isExpired: false) },
        Damage("expired") { $0.open[1].state = .leased(holder: "receipt 1", isExpired: true) },
        Damage("given back") { $0.open[1].state = .waiting },
        Damage("due early") { $0.open[2].state = .parked(due: ModelBench.now + 3_599_000) },
        Damage("attempts") { $0.open[2].attempts = 0 },
        Damage("deliveries") { $0.open[0].deliveries = 1 },
        Damage("open and answered") { $0.open.append(.request(4, .waiting)) },
        Damage("second result") { $0.results += $0.results },
        Damage("result lost") { $0.results = [] },
        Damage("another's result") { $0.results = [#"{"id":"r4","payload":"settlement 5"}"#] },
        Damage("dead letter lost") { $0.deadLetters = [] },
        Damage("stray") { $0.strays = ["an owner of nothing"] },
    ])
    func findsTheDamage(damage: Damage) throws {
        var stored = stored
        damage.inflict(&stored)
        #expect(try bench().mismatch(stored) != nil)
    }
}

/// Something wrong on a server.
struct Damage: Sendable, CustomStringConvertible {
    let description: String
    let inflict: @Sendable (inout StoredState) -> Void

    init(_ description: String, _ inflict: @escaping @Sendable (inout StoredState) -> Void) {
        self.description = description
        self.inflict = inflict
    }
}

extension StoredRequest {
    fileprivate static func request(_ number: Int, _ state: State, attempts: Int = 0) -> StoredRequest {
        StoredRequest(body: SettlementModel.body(of: number), state: state, attempts: attempts, deliveries: 0)
    }
}
