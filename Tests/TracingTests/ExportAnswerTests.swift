import HTTP
import Messages
import Testing

@testable import PipelineTracing

struct ExportAnswerTests {
    private func answer(_ status: Int, _ body: [UInt8] = [], retryAfter: String? = nil) -> ExportAnswer {
        let headers = retryAfter.map { [HeaderField("Retry-After", $0)] } ?? []
        return ExportAnswer(
            .success(HTTPResponse(statusCode: status, headers: headers, body: body[...])), now: 1_000_000)
    }

    @Test(arguments: [
        [], Array("{}".utf8), Array(#"{"partialSuccess":{}}"#.utf8), [0x0A, 0x00],
        // A field that nobody has defined yet.
        [0x12, 2, 1, 2],
    ])
    func knowsThatTheyAreTaken(body: [UInt8]) {
        #expect(answer(200, body) == .taken(rejected: 0, reason: ""))
    }

    @Test
    func readsHowManyAreRejected() {
        var writer = ProtobufWriter()
        writer.message(1) { part in
            part.number(1, 300)
            part.text(2, "too old")
        }
        #expect(answer(200, writer.bytes) == .taken(rejected: 300, reason: "too old"))
        var odd = ProtobufWriter()
        odd.message(1) { $0.number(1, UInt64(bitPattern: -1)) }
        #expect(answer(200, odd.bytes) == .taken(rejected: 0, reason: ""))
    }

    @Test(arguments: [
        Array("<html>".utf8), Array("OK".utf8), [0xFF], [0x0A, 5, 1], [0x0A, 2, 0x0A, 9], [0x08],
        [UInt8](repeating: 0x80, count: 20),
    ])
    func believesNoAnswerThatIsNone(body: [UInt8]) {
        guard case .refused(let reason) = answer(200, body) else {
            Issue.record("\(answer(200, body))")
            return
        }
        #expect(reason.contains("is it one that listens there"))
    }

    @Test(arguments: [429, 502, 503, 504])
    func triesAgainWhereTheCollectorMayTakeThem(status: Int) {
        #expect(answer(status) == .later(reason: "the answer is \(status)", after: nil))
        #expect(answer(status, retryAfter: "7") == .later(reason: "the answer is \(status)", after: .seconds(7)))
        #expect(answer(status, retryAfter: "odd") == .later(reason: "the answer is \(status)", after: nil))
    }

    @Test(arguments: [301, 401, 404, 500])
    func triesNothingAgainThatWillNeverBeTaken(status: Int) {
        #expect(answer(status) == .refused(reason: "the answer is \(status)"))
    }

    @Test(arguments: [400, 413])
    func tellsWhereOnlySomeMayBeAtFault(status: Int) {
        #expect(answer(status) == .unfit(reason: "the answer is \(status)"))
    }

    @Test
    func takesAMissingAnswerForALaterOne() {
        for kind in [HTTPError.Kind.dns, .connect, .tls, .timeout, .connectionLost, .other] {
            let error = HTTPError(kind, "POST http://c", "no")
            #expect(ExportAnswer(.failure(error), now: 0) == .later(reason: "POST http://c: no", after: nil))
        }
        for kind in [HTTPError.Kind.invalidRequest, .responseTooLarge, .undecodable, .tooManyRedirects] {
            let error = HTTPError(kind, "POST http://c", "no")
            #expect(ExportAnswer(.failure(error), now: 0) == .refused(reason: "POST http://c: no"))
        }
    }
}

struct ExportPausesTests {
    @Test
    func growAndEndAfterAMinute() {
        var pauses = ExportPauses()
        var all: [Duration] = []
        while let pause = pauses.pause(askedFor: nil, random: 1) { all.append(pause) }
        #expect(all == [.seconds(1), .seconds(2), .seconds(4), .seconds(8), .seconds(16), .seconds(16)])
    }

    @Test
    func areSpread() {
        var pauses = ExportPauses()
        #expect(pauses.pause(askedFor: nil, random: 0) == .milliseconds(500))
        #expect(pauses.pause(askedFor: nil, random: 0.5) == .milliseconds(1500))
    }

    @Test
    func areAsLongAsTheCollectorWantsThem() {
        var pauses = ExportPauses()
        #expect(pauses.pause(askedFor: .seconds(20), random: 0) == .seconds(20))
        #expect(pauses.pause(askedFor: .seconds(90), random: 0) == nil, "it would keep others up")
    }
}

struct ExportHalvesTests {
    private let halves = ExportHalves()

    /// What is decided for spans of which the collector refuses so many each time.
    private func decisions(_ counts: [Int]) -> [Bool] {
        var halves = halves
        return counts.map { halves.areSent(of: $0) }
    }

    @Test
    func areSentOfAllThatCanBeParted() { #expect(decisions([512, 2, 1, 3]) == [true, true, false, true]) }

    @Test
    func areNotSentToACollectorThatTakesNothing() {
        #expect(decisions([Int](repeating: 512, count: 34)) == [Bool](repeating: true, count: 32) + [false, false])
    }

    @Test
    func areSentAgainOnceItHasTakenSome() {
        var halves = halves
        for _ in 0..<40 { _ = halves.areSent(of: 512) }
        halves.noteTaken()
        let isParted = halves.areSent(of: 512)
        #expect(isParted)
    }
}

struct ExportNewsTests {
    @Test
    func areSaidOnceEach() {
        var news = ExportNews()
        let taken = ExportAnswer.taken(rejected: 0, reason: "")
        #expect(news.note(taken, lost: 0) == nil)
        #expect(news.note(.later(reason: "away", after: nil), lost: 0) == .trouble("away"))
        #expect(news.note(.later(reason: "away", after: nil), lost: 10) == nil)
        #expect(news.note(.refused(reason: "odd"), lost: 20) == nil)
        #expect(news.note(taken, lost: 25) == .back(lost: 25))
        #expect(news.note(taken, lost: 25) == nil)
        #expect(news.note(.refused(reason: "odd"), lost: 30) == .trouble("odd"))
        #expect(news.note(taken, lost: 31) == .back(lost: 6))
    }

    @Test
    func tellThatSomeAreRejected() {
        var news = ExportNews()
        #expect(news.note(.taken(rejected: 3, reason: "old"), lost: 3) == .trouble("it rejects 3 spans: old"))
    }
}
