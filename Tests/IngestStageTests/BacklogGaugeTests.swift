import Forecasts
import Messages
import PipelineMetrics
import Queue
import Testing

@testable import IngestStage

struct BacklogGaugeTests {
    private let registry = MetricsRegistry()
    private let queue = QueueSettings(id: "i", name: "q", target: .url("http://gateway/v1/completions"))

    private func show(_ backlog: Backlog, perSecond: Double? = 1, secondsEach: Double? = 2) -> [String: Double] {
        let forecast = Forecast(backlog, ahead: 0, perSecond: perSecond, secondsEach: secondsEach)
        BacklogGauge(registry: registry, queue: queue).show(backlog, forecast)
        var text: [UInt8] = []
        registry.emit(into: &text)
        let lines = String(decoding: text, as: UTF8.self).split(separator: "\n").filter { !$0.hasPrefix("#") }
        return Dictionary(
            uniqueKeysWithValues: lines.map { line in
                let words = line.split(separator: " ")
                return (String(words[0]), Double(words[1]) ?? .nan)
            })
    }

    private static let backlog = #"llm_d_async_async_broker_backlog{queue_id="i",queue_name="q",pool_name="default"}"#
    private static let available =
        #"llm_d_async_async_broker_backlog_source_available{queue_id="i",queue_name="q",pool_name="default"}"#
    private func held(_ place: String) -> String { #"async_processor_held_requests{queue="q",place="\#(place)"}"# }

    /// What others have leased is no work that this process leaves undone.
    @Test
    func saysWhetherRequestsWaitToBeLeased() {
        let gauge = BacklogGauge(registry: registry, queue: queue)
        var all = Backlog(waiting: 3)
        all.includesLeased = true
        let answers = [Backlog(), Backlog(waiting: 0, parked: 7), Backlog(waiting: 1), all].map { backlog in
            gauge.show(backlog, Forecast(backlog, ahead: 0, perSecond: nil, secondsEach: nil))
            return gauge.isWaiting
        }
        #expect(answers == [false, false, true, false])
    }

    @Test
    func tellsAQueueThatIsEmptyFromOneThatDoesNotAnswer() {
        let empty = show(Backlog(waiting: 0, parked: 0))
        #expect(empty[Self.available] == 1)
        #expect(empty[Self.backlog] == 0)
        let away = show(Backlog())
        #expect(away[Self.available] == 0)
        #expect(away[Self.backlog] == nil)
        #expect(away[held("queue")] == nil)
    }

    /// A channel has no backlog that anybody could be asked about.
    @Test
    func saysNothingOfABacklogThatNobodyCanTell() {
        var channel = Backlog(parked: 3)
        channel.isUntold = true
        let shown = show(channel)
        #expect(shown[Self.available] == nil)
        #expect(shown[held("parked")] == 3)
        #expect(shown["async_processor_eta_seconds{queue=\"q\"}"] == nil)
    }

    @Test
    func countsWhatStandsBehindTheSameBytesAsWaiting() {
        var backlog = Backlog(waiting: 7, parked: 2)
        backlog.behind = 3
        let shown = show(backlog)
        #expect(shown[Self.backlog] == 7)
        #expect(shown[held("queue")] == 10)
        #expect(shown[held("parked")] == 2)
    }

    /// They would be counted twice: here, and where they are.
    @Test
    func holdsNothingInAQueueThatCountsLeasesToo() {
        var backlog = Backlog(waiting: 7)
        backlog.includesLeased = true
        let shown = show(backlog)
        #expect(shown[Self.backlog] == 7)
        #expect(shown[held("queue")] == nil)
    }

    @Test
    func showsDeadlinesAndForecastUntilTheyAreNotKnownAnyMore() {
        var backlog = Backlog(waiting: 100, parked: 0)
        backlog.deadlines = DeadlineCounts(
            [.init(left: 0, count: 10), .init(left: 30, count: 10), .init(left: 60, count: 100)], total: 100)
        var shown = show(backlog)
        let labels = #"queue_id="i",queue_name="q",pool_name="default""#
        let proximity = "llm_d_async_async_deadline_proximity_millis"
        #expect(shown["\(proximity)_bucket{\(labels),le=\"0\"}"] == 10)
        #expect(shown["\(proximity)_bucket{\(labels),le=\"60000\"}"] == 100)
        #expect(shown["\(proximity)_bucket{\(labels),le=\"86400000\"}"] == 100)
        #expect(shown["\(proximity)_count{\(labels)}"] == 100)
        #expect(shown["\(proximity)_sum{\(labels)}"] == 4_050_000)
        #expect(shown[#"async_processor_requests_at_risk{queue="q"}"#] == 40)
        #expect(shown[#"async_processor_slots_required{queue="q"}"#] == 3)
        #expect(shown[#"async_processor_eta_seconds{queue="q"}"#] == 90)
        #expect(shown[#"async_processor_completions_per_second{queue="q"}"#] == 1)
        shown = show(Backlog())
        #expect(shown.keys.filter { $0.contains("proximity") || $0.contains("at_risk") || $0.contains("slots") } == [])
        #expect(shown[#"async_processor_eta_seconds{queue="q"}"#] == nil)
    }
}
