import PipelineMetrics
import Testing

@testable import Stage

struct WorkWatchTests {
    /// Looks once a second at a stage, and says for how many seconds it was stuck each time.
    private func seconds(_ looks: [WorkWatch.Look]) -> [Int] {
        var watch = WorkWatch()
        return looks.enumerated().map { second, look in
            watch.look(look, at: .seconds(second))
            return Int(watch.stuck(at: .seconds(second)) / .seconds(1))
        }
    }

    private func look(_ moved: UInt64, hasWork: Bool = true, _ reasons: Set<StallReason> = []) -> WorkWatch.Look {
        WorkWatch.Look(moved: moved, hasWork: hasWork, reasons: reasons)
    }

    @Test
    func countsTheTimeWithWorkOfWhichNothingMoves() {
        #expect(seconds([look(1), look(1), look(1), look(1)]) == [0, 0, 1, 2])
        #expect(seconds([look(1), look(1), look(1), look(2), look(2), look(2)]) == [0, 0, 1, 0, 0, 1])
    }

    @Test
    func aStageWithoutWorkIsNotStuck() {
        #expect(seconds([look(1), look(1), look(1), look(1, hasWork: false), look(1), look(1)]) == [0, 0, 1, 0, 0, 1])
    }

    @Test(arguments: StallReason.allCases)
    func waitingForSomethingElseIsNotBeingStuck(reason: StallReason) {
        let looks = (0..<4).map { _ in look(1, [reason]) }
        let isExcuse = reason != .gatewaySlotsFull && reason != .queueEmpty
        #expect(seconds(looks) == (isExcuse ? [0, 0, 0, 0] : [0, 0, 1, 2]))
    }
}
