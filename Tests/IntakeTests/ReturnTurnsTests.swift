import Testing

@testable import Intake

struct ReturnTurnsTests {
    @Test
    func thoseOfOneRowComeBackOneAfterAnother() {
        var turns = ReturnTurns()
        let pauses = (0..<500).map { _ in turns.pause(.seconds(1), row: 1, at: .seconds(10)) }
        #expect(pauses.first == .seconds(1))
        #expect(pauses.last == .seconds(1) + ReturnTurns.spacing * 499)
        #expect(turns.pause(.seconds(1), row: 1, at: .seconds(20)) == .seconds(1), "all had their turn")
    }

    @Test
    func nobodyWaitsForTheRowOfAnotherOrForWhatAnotherWasTold() {
        var turns = ReturnTurns()
        for _ in 0..<100_000 { _ = turns.pause(.seconds(72_000), row: 1, at: .zero) }
        #expect(turns.pause(.seconds(1), row: 2, at: .zero) == .seconds(1))
        // Told to wait for a day once, and for a second the next time.
        _ = turns.pause(.seconds(86_400), row: 3, at: .zero)
        #expect(turns.pause(.seconds(1), row: 3, at: .zero) == .seconds(1) + ReturnTurns.spacing)
    }

    @Test
    func manyRowsTakeNoMoreMemory() {
        var turns = ReturnTurns()
        for row in 0..<ReturnTurns.most + 10 { _ = turns.pause(.seconds(1), row: row, at: .zero) }
        #expect(turns.pause(.seconds(1), row: -1, at: .zero) <= .seconds(1) + ReturnTurns.spacing * 11)
        // Later, all of these have had their turn.
        _ = turns.pause(.seconds(1), row: -2, at: .seconds(60))
        #expect(turns.pause(.seconds(1), row: -2, at: .seconds(60)) == .seconds(1) + ReturnTurns.spacing)
    }
}
