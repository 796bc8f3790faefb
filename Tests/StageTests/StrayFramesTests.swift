import Testing

@testable import Stage

struct StrayFramesTests {
    @Test
    func namesWhatCameLatelyAndFewOfThem() {
        var strays = StrayFrames()
        strays.note("an emit", at: .zero)
        strays.note("a retry", at: .seconds(2))
        #expect(strays.problems(at: .seconds(2)).map(\.text) == ["a retry", "an emit"])
        #expect(strays.problems(at: .seconds(3)).map(\.text) == ["a retry"])
        for number in 0..<100 { strays.note("\(number)", at: .seconds(4)) }
        #expect(strays.problems(at: .seconds(4)).count == 16)
        strays.note("later", at: .seconds(8))
        #expect(strays.problems(at: .seconds(8)).map(\.text) == ["later"])
    }

    @Test
    func saysEachProblemOnceHoweverManyMessagesItConcerns() {
        var complaints = Complaints()
        let one = WiringProblem("12 messages wait", isBlocking: true)
        #expect(complaints.update([one]).new == ["12 messages wait"])
        let again = complaints.update([WiringProblem("13 messages wait", isBlocking: true)])
        #expect(again.new.isEmpty && again.over.isEmpty)
        #expect(complaints.update([]).over == ["13 messages wait"])
    }
}
