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
    func theGateSaysHowFarApartTheyAreAsLongAsTheRowIsShort() {
        var turns = ReturnTurns()
        let pauses = (0..<300).map { _ in turns.pause(.seconds(1), row: 1, spacing: .milliseconds(100), at: .zero) }
        #expect(pauses[..<3] == [.milliseconds(1000), .milliseconds(1100), .milliseconds(1200)])
        #expect(pauses[101] - pauses[100] == ReturnTurns.spacing, "nobody knows what will be so in ten seconds")
        #expect(pauses[299] < .seconds(12))
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
