import Foundation
import Pools
import Testing

struct TokenLimiterTests {
    private func limiter(target: Double? = 0.0125, _ change: (inout TokenLimiter.Parameters) -> Void = { _ in })
        -> TokenLimiter
    {
        var parameters = TokenLimiter.Parameters(target: target)
        parameters.quiet.every = 0
        change(&parameters)
        return TokenLimiter(parameters)
    }

    /// Answers of one length each, as many as the limit, look after look.
    private func feed(_ limiter: inout TokenLimiter, timePerToken: Double, from begin: Double, seconds: Double) {
        var now = begin
        while now < begin + seconds {
            for _ in 0..<8 { limiter.answered(sent: now - 1, now: now, timePerToken: timePerToken) }
            _ = limiter.look(now: now, wallClock: now, inFlight: Int(limiter.limit))
            now += 0.25
        }
    }

    @Test
    func keepsTheLimitWhileTokensTakeWhatTheyMay() {
        var limiter = limiter { $0.start = 20 }
        feed(&limiter, timePerToken: 0.0125, from: 0, seconds: 10)
        #expect((20...27).contains(limiter.limit))
    }

    @Test
    func growsNoFurtherThanItMay() {
        var limiter = limiter { $0.most = 30 }
        feed(&limiter, timePerToken: 0.001, from: 0, seconds: 60)
        #expect(limiter.limit == 30)
    }

    @Test
    func cutsToAQuarterOncePerFlightWhenTokensTakeTwiceAsLong() {
        var limiter = limiter { $0.start = 40 }
        var alarms: [Double] = []
        for step in 0..<12 {
            let now = Double(step) * 0.25
            for _ in 0..<8 { limiter.answered(sent: now, now: now + 1, timePerToken: 0.025) }
            if case .alarm = limiter.look(now: now + 1, wallClock: 0, inFlight: 40) { alarms.append(limiter.limit) }
        }
        #expect(alarms.first == 10)
        #expect(alarms.count <= 3)
    }

    @Test
    func changesNothingWithoutAnswers() {
        var limiter = limiter { $0.start = 17 }
        for step in 0..<1000 { #expect(limiter.look(now: Double(step), wallClock: 0, inFlight: 17) == nil) }
        #expect(limiter.limit == 17)
    }

    @Test
    func doesNotGrowWhatIsNotUsed() {
        var limiter = limiter { $0.start = 20 }
        for step in 0..<100 {
            let now = Double(step) * 0.25
            for _ in 0..<8 { limiter.answered(sent: now - 0.5, now: now, timePerToken: 0.005) }
            _ = limiter.look(now: now, wallClock: 0, inFlight: 3)
        }
        #expect(limiter.limit == 20)
    }

    @Test
    func comesBackSoonWhenThePoolIsEmptyThoughTheTargetIsNearTheBase() {
        var limiter = limiter(target: 0.0065) { $0.quiet.every = 600 }
        // The first quiet time.
        for _ in 0..<8 { limiter.answered(sent: 0, now: 0.4, timePerToken: 0.0044) }
        #expect(limiter.look(now: 0.4, wallClock: 1000, inFlight: 2) == .base(0.0044))
        limiter.cut(0.1, now: 0.4)
        var now = 0.4
        while limiter.limit < 40, now < 60 {
            now += 0.1
            for _ in 0..<8 {
                limiter.answered(sent: now - 0.4, now: now, timePerToken: 0.0044 + 0.00004 * limiter.limit)
            }
            _ = limiter.look(now: now, wallClock: 1000 + now, inFlight: Int(limiter.limit))
        }
        #expect(now < 7)
    }

    @Test
    func forgetsOldAlarmsAndBelievesNoAnswerFromBeforeTheCut() {
        var limiter = limiter { $0.start = 40 }
        for _ in 0..<8 { limiter.answered(sent: 0, now: 1, timePerToken: 0.05) }
        #expect(limiter.look(now: 1, wallClock: 0, inFlight: 40) != nil)
        let cut = limiter.limit
        // These were under way when it was cut.
        for _ in 0..<8 { limiter.answered(sent: 0.5, now: 2.2, timePerToken: 0.05) }
        if case .alarm = limiter.look(now: 2.2, wallClock: 0, inFlight: 40) { Issue.record("cut twice") }
        #expect(limiter.limit >= cut / 2)
    }

    @Test
    func aLearnedTargetIsNoLessThanAnyEngineNeeds() {
        var limiter = limiter(target: nil) { $0.quiet.every = 600 }
        for step in 0..<40 {
            let now = Double(step) * 0.25
            for _ in 0..<4 { limiter.answered(sent: now - 0.001, now: now, timePerToken: 0.00002) }
            _ = limiter.look(now: now, wallClock: 1000 + now, inFlight: Int(limiter.limit))
        }
        #expect(limiter.target == 0.001)
        #expect(limiter.limit > 100)
    }

    /// What the study's own limiter did, answer by answer; its parameters are those of then.
    @Test(arguments: ["target", "learned"])
    func followsTheStudy(trace: String) throws {
        var parameters = TokenLimiter.Parameters(target: trace == "target" ? 0.0125 : nil)
        parameters.shortestFlight = 0.5
        parameters.extraShare = .infinity
        parameters.doubles = false
        parameters.leastTarget = 0
        parameters.near = 0
        parameters.quiet.beginsAtOnce = false
        parameters.quiet.every = trace == "target" ? 0 : 30
        parameters.quiet.length = 4
        parameters.quiet.flights = 0
        parameters.quiet.fewest = 3
        var limiter = TokenLimiter(parameters)
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Traces/\(trace).txt")
        var looks = 0
        for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
            let words = line.split(separator: " ")
            let numbers = try words.dropFirst().map { try #require(Double($0)) }
            if words[0] == "answer" {
                limiter.answered(sent: numbers[1], now: numbers[0], timePerToken: numbers[2])
            } else {
                _ = limiter.look(now: numbers[0], wallClock: numbers[0], inFlight: Int(numbers[1]))
                looks += 1
                try #require(abs(limiter.limit - numbers[2]) < 1e-6, "at \(numbers[0]) s: \(limiter.limit)")
                let slots = limiter.quiet.isListening ? min(QuietTimes.slots, Int(limiter.limit)) : Int(limiter.limit)
                try #require(slots == Int(numbers[3]), "at \(numbers[0]) s")
            }
        }
        #expect(looks > 300)
    }
}
