import Testing

@testable import GateRules

struct PlaceTimesTests {
    @Test
    func knowsNothingOfPlacesThatOthersHold() {
        let times = PlaceTimes()
        #expect(times.pause(limit: 4, at: .seconds(100)) == .seconds(1))
        #expect(times.spacing(limit: 4, at: .seconds(100)) == .milliseconds(100))
    }

    @Test
    func goesByHowLongPlacesWereHeld() {
        var times = PlaceTimes()
        times.taken(at: .zero)
        for _ in 0..<10 { times.ended(after: .milliseconds(800)) }
        #expect(times.pause(limit: 8, at: .seconds(1)) == .milliseconds(50))
        #expect(times.spacing(limit: 8, at: .seconds(1)) == .microseconds(12_500))
        #expect(times.spacing(limit: 800, at: .seconds(1)) == .milliseconds(2), "not more often")
        #expect(times.pause(limit: 800, at: .seconds(1)) == .milliseconds(10))
        for _ in 0..<30 { times.ended(after: .seconds(60)) }
        #expect(times.pause(limit: 1, at: .seconds(1)) == .seconds(1))
        #expect(times.spacing(limit: 1, at: .seconds(1)) == .milliseconds(100))
        for _ in 0..<30 { times.ended(after: .milliseconds(20)) }
        #expect(times.pause(limit: 1, at: .seconds(1)) < .milliseconds(30), "the last ones count")
    }

    /// As long as none has ended, they last as long as that.
    @Test
    func asksLessAndLessOftenUntilTheFirstPlaceIsGivenBack() {
        var times = PlaceTimes()
        times.taken(at: .seconds(5))
        times.taken(at: .seconds(6))
        #expect(times.pause(limit: 1, at: .seconds(5)) == .milliseconds(10))
        #expect(times.pause(limit: 1, at: .seconds(6)) == .milliseconds(500))
        #expect(times.pause(limit: 1, at: .seconds(60)) == .seconds(1))
    }
}
