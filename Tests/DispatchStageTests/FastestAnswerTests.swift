import Testing

@testable import DispatchStage

struct FastestAnswerTests {
    private func noted(_ times: [Double]) -> FastestAnswer {
        var fastest = FastestAnswer()
        for (index, time) in times.enumerated() { fastest.note(time, at: Double(index) / 100) }
        return fastest
    }

    @Test
    func knowsNothingBeforeThereWereEnoughAnswers() {
        #expect(noted(Array(repeating: 2, count: 63)).value(at: 1) == nil)
        #expect(noted(Array(repeating: 2, count: 64)).value(at: 1) == 2)
    }

    @Test
    func theShortestOfTheLastAnswersCounts() {
        let short = [0.1] + Array(repeating: 3.0, count: 63)
        #expect(noted(short).value(at: 1) == 0.1)
        #expect(noted(short + Array(repeating: 3, count: 63)).value(at: 2) == 0.1)
        #expect(noted(short + Array(repeating: 3, count: 64)).value(at: 2) == 3)
        #expect(noted(short + Array(repeating: 3, count: 64) + [1]).value(at: 2) == 1)
    }

    @Test
    func forgetsWhatIsOld() {
        var fastest = noted(Array(repeating: 2, count: 64))
        #expect(fastest.value(at: 10.6) == 2)
        #expect(fastest.value(at: 10.7) == nil)
        fastest.note(1, at: 20)
        #expect(fastest.value(at: 20) == nil)
    }
}
