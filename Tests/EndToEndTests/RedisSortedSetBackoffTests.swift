import Foundation
import GatewaySimulator
import Messages
import Redis
import TestServers
import Testing

extension EndToEnd {
    /// When failed requests are tried again, by the clock of the gateway that gets them.
    struct RedisSortedSetBackoffTests {
        /// Seconds; the project's own is five times that, so that the first delay is 0.4 to 0.8 s.
        private static let base = 0.4
        /// What a busy machine may add.
        private static let slack = 1.0

        private struct Case: Sendable {
            let id: String
            var deadline: Int64 = 60
            /// Seconds from each attempt to the next.
            let gaps: [ClosedRange<Double>]
            /// Answers all attempts but the one after the last gap.
            let refusal: @Sendable () -> GatewayAnswer

            /// - Parameter retryAfter: value of the header, made when it is sent.
            init(
                _ id: String, deadline: Int64 = 60, _ gaps: ClosedRange<Double>..., status: Int = 429,
                retryAfter: @escaping @Sendable () -> String? = { nil }
            ) {
                (self.id, self.deadline, self.gaps) = (id, deadline, gaps)
                refusal = { .refusal(status, retryAfter: retryAfter()) }
            }
        }

        private static let cases = [
            Case("grows", 0.4...0.8, 0.8...1.6, 1.6...3.2, status: 500),
            Case("asks for longer", 2...2.5, retryAfter: { "2" }),
            Case("asks with 503", 2...2.5, status: 503, retryAfter: { "2" }),
            Case("asks for less", 0.4...0.8, retryAfter: { "0" }),
            // A date has whole seconds.
            Case("names a time", 1.9...3.75, retryAfter: { date(in: 3) }),
            Case("names a time that is over", 0.4...0.8, retryAfter: { date(in: -60) }),
            Case("asks for nonsense", 0.4...0.8, retryAfter: { "soon" }),
            // Half of the time left, and up to a quarter more.
            Case("asks for an hour", deadline: 6, 2.4...3.75, retryAfter: { "3600" }),
        ]

        @Test(.timeLimit(.minutes(1)))
        func waitsLongerEachTimeAndAsLongAsTheGatewayAsks() async throws {
            let arrivals = Arrivals()
            let byBody = Dictionary(uniqueKeysWithValues: Self.cases.map { (oddPayload($0.id), $0) })
            let script: @Sendable (GatewayRequest) -> GatewayAnswer? = { request in
                arrivals.note(request)
                return byBody[request.text].flatMap { request.attempt <= $0.gaps.count ? $0.refusal() : nil }
            }
            let flags = ["--backoff-base", "\(Self.base)", "--concurrency", "16"]
            try await withSortedSetRun(script: script, flags: flags) { run in
                try await run.warmUp()
                try run.submit(Self.cases.map { Message($0.id, in: $0.deadline) })
                try await expectParkedEntries(run)
                try await run.waitForResults(Self.cases.count)
                let results = try run.resultByID()
                for one in Self.cases {
                    #expect(results[one.id]?.statusCode == 200, "\(one.id)")
                    let gaps = arrivals.gaps(oddPayload(one.id))
                    #expect(gaps.count == one.gaps.count, "\(one.id)")
                    for (gap, expected) in zip(gaps, one.gaps) {
                        // The server's clock has milliseconds.
                        let allowed = expected.lowerBound - 0.01...expected.upperBound + Self.slack
                        #expect(allowed.contains(gap), "\(one.id): \(gap) s, not \(expected)")
                    }
                }
            }
        }

        /// What stands in the retry set, as llm-d-async writes it.
        private func expectParkedEntries(_ run: RedisSortedSetRun) async throws {
            let name = #""id":"grows""#
            let (entry, seen) = try await eventually("a parked request") {
                try run.redis.members(RedisSortedSetRun.retrySet).first { $0.contains(name) }.map { ($0, Date.now) }
            }
            let score = try run.redis.run("ZSCORE", RedisSortedSetRun.retrySet, entry).text.flatMap { Double($0) } ?? 0
            #expect(score - seen.timeIntervalSince1970 < 2 * Self.base)
            let json = try #require(JSONSerialization.jsonObject(with: Data(entry.utf8)) as? [String: Any])
            let inside = try #require(json["internal"] as? [String: Any])
            #expect(inside["retry_count"] as? Int == 1)
            #expect(inside["request_queue_name"] as? String == RedisSortedSetRun.queue)
            #expect(json["request_kind"] as? String == "redis")
            #expect((json["data"] as? [String: Any])?["id"] as? String == "grows")
        }

        @Test(.timeLimit(.minutes(1)))
        func endsWithTheLastAnswerNoLaterThanTheDeadline() async throws {
            let script: @Sendable (GatewayRequest) -> GatewayAnswer? = {
                $0.text == oddPayload("a") ? .response(503, headers: [], body: Array("busy".utf8)) : nil
            }
            let flags = ["--backoff", "fixed", "--backoff-base", "0.4"]
            try await withSortedSetRun(script: script, flags: flags) { run in
                try await run.warmUp()
                let message = Message("a", in: 3)
                try run.submit([message])
                try await run.waitForResults(1)
                #expect(Date.now.timeIntervalSince1970 < Double(message.deadline) + 1)
                let result = try run.resultByID()["a"]
                #expect(result?.statusCode == 503 && result?.payload == "busy")
                #expect((2...8).contains(run.gateway.attemptsPerBody()[oddPayload("a")] ?? 0))
            }
        }

        @Test(.timeLimit(.minutes(1)))
        func takesWhatOthersHaveParkedWhenItIsDue() async throws {
            try await withSortedSetRun { run in
                let foreign =
                    #"{"internal":{"request_queue_name":"elsewhere"},"request_kind":"redis","data":{"id":"f"}}"#
                try run.redis.submit(
                    [
                        (1, request("nobody's")), (Message.now + 2, request("soon")),
                        (Message.now + 3600, request("later")), (1, foreign),
                    ], to: RedisSortedSetRun.retrySet)
                try await run.waitForResults(1)
                try run.expectOneResultEach(["nobody's"])
                try await run.waitForResults(2, within: .seconds(5))
                try run.expectOneResultEach(["nobody's", "soon"])
                #expect(try Set(run.redis.members(RedisSortedSetRun.retrySet)) == [foreign, request("later")])
                try run.redis.run("DEL", RedisSortedSetRun.retrySet)
            }
        }

        private static func date(in seconds: Double) -> String {
            let formatter = DateFormatter()
            formatter.locale = Locale(identifier: "en_US_POSIX")
            formatter.timeZone = TimeZone(identifier: "GMT")
            formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
            return formatter.string(from: Date.now.addingTimeInterval(seconds))
        }
    }
}
