import Foundation
import Processes
import TestServers
import Testing

extension EndToEnd {
    /// What a real Prometheus makes of four real stages: the sums that must be equal, the alerts, the dashboard.
    struct ObservabilityTests {
        /// One run for all of it: a load, in the middle of it a kill of each stage, and the end.
        @Test(.timeLimit(.minutes(3)))
        func sumsAreEqualAndPanelsHaveDataOverALoadAndKills() async throws {
            try await withObservedPipeline { run in
                try submit(&run)
                try await eventually(try "a third has ended: \(run.ended())", within: .seconds(60)) {
                    try expectBounds(run.prometheus)
                    try await Task.sleep(for: .milliseconds(200))
                    return try run.ended() * 3 > run.submitted ? true : nil
                }
                try await killEachStage(&run)
                try expectRulesThatAreEvaluated(run)
                try expectPanelsWithData(run)
                try await expectTheEnd(of: run)
            }
        }

        // MARK: The load

        /// Requests of which some attempts fail, and some that end without an attempt.
        private func submit(_ run: inout ObservedPipeline) throws {
            var messages = ids(300).map { Message($0) }
            messages += ids(5, "late").map { Message($0, in: -10) }
            messages += ids(5, "bad").map { Message($0, payload: "5") }
            let texts = messages.map { ($0.deadline, $0.text) }
            try run.submit(texts + (0..<5).map { (Message.now + 60, "no JSON \($0)") })
        }

        /// Under load the sides differ by what moves between two looks, and by no more.
        private func expectBounds(_ prometheus: PrometheusServer) throws {
            func latest(_ selector: String, _ offset: String = "") -> String {
                "sum(max_over_time(\(selector)[1m]\(offset)))"
            }
            let leases = "async_processor_leases_total"
            let settlements = "async_processor_settlements_total"
            let ended = #"\#(settlements){end!~"parked|released"}"#
            let earlier = " offset 5s"
            let bounds: [(what: String, expression: String, range: ClosedRange<Double>)] = [
                ("settled and not leased", "\(latest(settlements, earlier)) - \(latest(leases))", -.infinity...0),
                ("leased and not settled", "\(latest(leases, earlier)) - \(latest(settlements))", -.infinity...128),
                (
                    "ended and not taken", "\(latest(ended, earlier)) - \(latest("llm_d_async_async_request_total"))",
                    -.infinity...0
                ),
                (
                    // Of one page, on which the second comes later.
                    "at the gateway",
                    "sum(llm_d_async_async_dispatched_requests_total) - sum(async_processor_attempts_total)",
                    0...Double(2 * ObservedPipeline.slots)
                ),
            ]
            for (what, expression, range) in bounds {
                guard let value = try prometheus.value(expression) else { continue }
                #expect(range.contains(value), "\(what)")
            }
        }

        // MARK: The kills

        /// Kills each stage while the gateway does not answer: requests are there, wait for it, are parked, and are in the
        /// queue.
        private func killEachStage(_ run: inout ObservedPipeline) async throws {
            try await run.gateway.signal(SIGSTOP)
            try await waitForEquality(run)
            try await run.waitUntilNothingMoves()
            try await waitForEquality(run)
            #expect(try run.prometheus.value(CounterSums.held(#"place="gateway""#)) ?? 0 > 0)
            #expect(try run.prometheus.value(CounterSums.held(#"place="queue""#)) ?? 0 > 0)

            try await run.kill("dispatch") { run in
                for stage in ["retry", "emit"] {
                    try await run.kill(stage) { run in try await waitForEquality(run) }
                }
                try await run.wait(
                    "an alert says that nobody is there",
                    until: #"ALERTS{alertname="AsyncProcessorNoPeer",stage="ingest",link="ingest-dispatch"}"#)
                try await run.wait(
                    "an alert says which stage is away",
                    until: #"ALERTS{alertname="AsyncProcessorStageAway",stage="dispatch",namespace="test"}"#)
                try await waitForEquality(run)
            }
            try await run.waitUntilConnected()
            try await waitForEquality(run)

            try await run.kill("ingest") { run in
                // What waits in the queue is in no gauge while there is no ingest; what is in the pipeline is.
                try await run.waitForEquality("leased", of: run.sums.leased)
                try await run.waitForEquality("attempts", of: run.sums.attempts)
            }
            try await run.gateway.signal(SIGCONT)
        }

        private func waitForEquality(_ run: ObservedPipeline) async throws {
            let sums = run.sums
            for (what, difference) in [
                ("leased", sums.leased), ("attempts", sums.attempts), ("taken", sums.taken),
                ("submitted", sums.submitted(run.submitted)),
            ] {
                try await run.waitForEquality(what, of: difference)
            }
        }

        // MARK: The end

        /// Everything has ended once, though some was leased and attempted twice.
        private func expectTheEnd(of run: ObservedPipeline) async throws {
            try await eventually(try "\(run.submitted) have ended: \(run.ended())", within: .seconds(60)) {
                try run.ended() == run.submitted ? true : nil
            }
            try await waitForEquality(run)
            try await run.waitUntilNothingMoves()
            try await waitForEquality(run)
            try await run.waitForEquality("none is held", of: CounterSums.held())
            let taken = run.sums.total("llm_d_async_async_request_total")
            try await run.waitForEquality("taken and submitted", of: "\(taken) - \(run.submitted)")
        }

        /// Series that alerts look at and that this run has not.
        private static let absent = [
            "async_processor_channel_gaps_total": "requests come from a sorted set",
            "async_processor_channel_dropped_total": "requests come from a sorted set",
            "async_processor_quota_uncharged_tokens_total": "there is no quota",
            "llm_d_async_async_dispatch_budget": "the queue has no gate",
        ]

        /// Whatever a rule selects is there, with the labels by which it is selected.
        private func expectRulesThatAreEvaluated(_ run: ObservedPipeline) throws {
            let rules = try run.prometheus.rules()
            #expect(rules.count > 20)
            for rule in rules {
                #expect(rule.error.isEmpty, "\(rule.name): \(rule.error)")
                let selectors = rule.expression.matches(
                    of: /\b(async_[a-z_]+|llm_[a-z_]+|process_[a-z_]+|up)\b(\{[^}]*\})?/)
                for selector in selectors {
                    let hasData = try run.prometheus.hasData("count(\(selector.0))", since: run.start)
                    let reason = Self.absent[String(selector.1)]
                    #expect(hasData == (reason == nil), "\(rule.name) selects \(selector.0) (\(reason ?? ""))")
                }
            }
        }

        /// Panels that have nothing to show here.
        private static let empty = [
            "Places that gates let a queue have": "the queue has no gate",
            "Requests that gates have not let go": "the queue has no gate",
            "Channels": "requests come from a sorted set",
            "Time of a token": "with AP_SLACK=off nobody measures it",
            "Not sent": "no deadline is near",
            "From publication to result": "a sorted set does not tell when a request was published",
            "Tokens charged to quotas": "there is no quota",
        ]

        /// Panels that have something to show only if it is there when it is looked at: the queue is asked every five seconds.
        private static let perhapsEmpty: Set = ["Next attempt due in"]

        private func expectPanelsWithData(_ run: ObservedPipeline) throws {
            for row in try Dashboard.read().rows {
                for panel in row.panels {
                    for target in panel.targets ?? [] {
                        let expression = Dashboard.expanded(target.expr)
                        let hasData = try run.prometheus.hasData(expression, since: run.start)
                        if Self.perhapsEmpty.contains(panel.title) { continue }
                        let reason = Self.empty[panel.title]
                        #expect(
                            hasData == (reason == nil),
                            "\(row.title), \(panel.title) \(target.refId) (\(reason ?? "")): \(expression)")
                    }
                }
            }
        }
    }
}
