import Testing

@testable import Tap

struct ChangeLineTests {
    @Test
    func saysTheFirstChangeAndWhatHasComeOfItHoweverManyLieBetween() {
        var line = ChangeLine()
        #expect(line.due(false, at: .zero) == .nothing)
        #expect(line.due(true, at: .zero) == .now)
        var said = 0
        for number in 1...2000 where line.due(number % 2 == 0, at: .milliseconds(number)) == .now { said += 1 }
        #expect(said == 0)
        #expect(line.due(false, at: .seconds(2)) == .after(.seconds(28)))
        #expect(line.due(false, at: .seconds(30)) == .now)
        #expect(line.due(false, at: .seconds(31)) == .nothing)
    }
}
