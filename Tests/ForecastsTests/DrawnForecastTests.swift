import Forecasts
import Queue
import Testing

/// Queues in order of arrival, of which some requests were drawn.
struct DrawnForecastTests {
    private func forecast(
        _ left: [Double], waiting: Int, ahead: Int = 0, perSecond: Double? = 1, secondsEach: Double? = 2
    ) -> Forecast {
        var backlog = Backlog(waiting: waiting, parked: 0)
        backlog.drawn = left.enumerated().map { index, left in
            DrawnRequest(place: Double(index) / 100, left: left)
        }
        return Forecast(backlog, ahead: ahead, perSecond: perSecond, secondsEach: secondsEach)
    }

    @Test
    func findsNobodyAtRiskWhereTimeSuffices() {
        let ease = forecast([100, 100, 100, 100], waiting: 80)
        #expect(ease.atRisk == 0)
        #expect(ease.slotsRequired == 2)
        #expect(ease.eta == 80)
        #expect(forecast([], waiting: 0).atRisk == 0)
    }

    /// The last quarter comes to its turn after a minute.
    @Test
    func countsThoseWhoseTurnComesTooLate() {
        let late = forecast([100, 100, 100, 30], waiting: 80)
        #expect(late.atRisk == 20)
        #expect(late.slotsRequired == 6)
        #expect(forecast([100, 100, 100, 30], waiting: 80, ahead: 200).atRisk == 80)
    }

    @Test
    func givesTheTimeOfWhatIsLateToTheOthers() {
        let drawn = forecast([-1, 10, 50, 50], waiting: 80)
        // Twenty are late already; of the others each twenty have their turn when those before are through.
        #expect(drawn.atRisk == 20)
        #expect(drawn.eta == 60)
        let more = forecast([-1, 5, 50, 25], waiting: 80)
        #expect(more.atRisk == 60)
    }

    @Test
    func saysNothingOfRequestsWithoutDeadlines() {
        let unknown = forecast([], waiting: 80)
        #expect(unknown.atRisk == nil)
        #expect(unknown.slotsRequired == nil)
        #expect(unknown.eta == 80)
    }
}
