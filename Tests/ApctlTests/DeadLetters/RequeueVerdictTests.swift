import Testing

@testable import Apctl

struct RequeueVerdictTests {
    private static let envelope =
        "{\"request_kind\":\"redis\",\"internal\":{\"retry_count\":3},\"data\":{\"id\":\"a\",\"deadline\":1800000001,\"payload\":{}}}"
    private static let late = "it will be answered DEADLINE_EXCEEDED"

    private func judge(_ body: [UInt8], needsDeadline: Bool, isForced: Bool) -> RequeueVerdict {
        RequeueVerdict(
            letter("a", place: 1, body: body), needsDeadline: needsDeadline, isForced: isForced, now: 1_800_000_000)
    }

    @Test(
        arguments: [
            (request("a"), 9_999_999_999), (request("a", deadline: "1800000001"), 1_800_000_001),
            (Array(envelope.utf8), 1_800_000_001),
        ] as [([UInt8], Int64)])
    func requestsWithTimeLeftGoAtOnce(body: [UInt8], deadline: Int64) {
        for (needs, force) in [(true, true), (true, false), (false, true), (false, false)] {
            #expect(judge(body, needsDeadline: needs, isForced: force) == .go(deadline: deadline, warning: nil))
        }
    }

    @Test(arguments: [1, 1_799_999_999, 1_800_000_000] as [Int64])
    func lateRequestsGoOnlyByForce(deadline: Int64) {
        let body = request("a", deadline: "\(deadline)")
        guard case .keep(let reason) = judge(body, needsDeadline: true, isForced: false) else {
            Issue.record("it went")
            return
        }
        #expect(reason.contains("DEADLINE_EXCEEDED") && reason.hasSuffix("--force requeues it all the same"))
        guard case .go(deadline, let warning?) = judge(body, needsDeadline: true, isForced: true) else {
            Issue.record("it stayed")
            return
        }
        #expect(warning.contains("DEADLINE_EXCEEDED"))
    }

    @Test(arguments: [
        ("junk", "it will be a dead letter again (not JSON:"),
        ("{\"payload\":{}}", "it will be a dead letter again (id: missing"),
        ("{\"id\":\"a\",\"payload\":{}}", "it will be answered INVALID_REQUEST (Failed: deadline is missing"),
        ("{\"id\":\"a\",\"deadline\":-1,\"payload\":{}}", "it will be answered INVALID_REQUEST (Failed: deadline"),
    ])
    func whatIsNoRequestGoesOnlyByForceAndNeverIntoASortedSet(body: String, prospect: String) {
        let body = Array(body.utf8)
        for force in [true, false] {
            guard case .keep(let reason) = judge(body, needsDeadline: true, isForced: force) else {
                Issue.record("it went without a deadline")
                return
            }
            #expect(reason.hasPrefix("no deadline can be read, by which the queue is ordered ("))
        }
        guard case .keep(let reason) = judge(body, needsDeadline: false, isForced: false),
            case .go(nil, let warning?) = judge(body, needsDeadline: false, isForced: true)
        else {
            Issue.record("force decides")
            return
        }
        #expect(warning.hasPrefix(prospect))
        #expect(reason == warning + "; --force requeues it all the same")
    }

    @Test
    func elementsOfStrangersStay() {
        let stranger = DeadLetter(element: request("a"), place: 1, queue: "q")
        let verdict = RequeueVerdict(stranger, needsDeadline: false, isForced: true, now: 0)
        #expect(verdict == .keep(reason: stranger.fault ?? ""))
    }
}
