import Testing

@testable import Intake

struct GateNotesTests {
    @Test
    func tellsWhatHasPutARequestOff() {
        var notes = GateNotes()
        notes.refused("over", row: 1, until: 20_000, at: 10_000)
        #expect(notes.words(row: 1, queue: 0, deadline: 15_000, at: 21_000) == "over")
        #expect(notes.words(row: 2, queue: 0, deadline: 15_000, at: 21_000) == nil, "another user")
        #expect(notes.words(row: 1, queue: 0, deadline: 15_000, at: 90_000) == nil, "it is long ago")
        notes.refused("once more", row: 1, until: 12_000, at: 11_000)
        #expect(notes.words(row: 1, queue: 0, deadline: 15_000, at: 79_000) == "once more")
    }

    @Test
    func tellsOnlyOfDeadlinesThatPassedWhileTheGateWasClosed() {
        var notes = GateNotes()
        #expect(!notes.isClosed(3))
        notes.looked(3, closedBy: nil, at: 500)
        notes.looked(3, closedBy: "shut", at: 1000)
        #expect(notes.isClosed(3))
        notes.looked(3, closedBy: "still shut", at: 60_000)
        #expect(notes.words(row: 1, queue: 3, deadline: 30_000, at: 61_000) == "still shut")
        notes.looked(3, closedBy: nil, at: 90_000)
        notes.looked(3, closedBy: nil, at: 95_000)
        #expect(!notes.isClosed(3))
        func words(_ deadline: Int64, queue: Int = 3) -> String? {
            notes.words(row: 1, queue: queue, deadline: deadline, at: 100_000)
        }
        #expect(words(999) == nil)
        #expect(words(1000) == "still shut")
        #expect(words(90_000) == "still shut")
        #expect(words(90_001) == nil)
        #expect(words(30_000, queue: 2) == nil)
    }

    /// A rate that lets one start now and then is closed in between.
    @Test
    func takesALookThatFindsItOpenForAMomentForNoOpening() {
        var notes = GateNotes()
        for second in Int64(0)..<20 {
            notes.looked(0, closedBy: "used up", at: second * 1000)
            notes.looked(0, closedBy: nil, at: second * 1000 + 900)
        }
        #expect(notes.words(row: 1, queue: 0, deadline: 2500, at: 20_000) == "used up")
        notes.looked(0, closedBy: "shut", at: 30_000)
        #expect(notes.words(row: 1, queue: 0, deadline: 2500, at: 31_000) == nil, "the last time only")
    }

    @Test
    func manyRowsTakeNoMoreMemory() {
        var notes = GateNotes()
        for row in 0..<GateNotes.most + 10 { notes.refused("over", row: row, until: 1000, at: 0) }
        #expect(notes.words(row: GateNotes.most + 5, queue: 0, deadline: 500, at: 1000) == nil)
        #expect(notes.words(row: 5, queue: 0, deadline: 500, at: 1000) == "over")
        notes.refused("over", row: -1, until: 200_000, at: 100_000)
        #expect(notes.words(row: -1, queue: 0, deadline: 150_000, at: 200_000) == "over", "the others are old")
    }
}
