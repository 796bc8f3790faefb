import Foundation
import Testing

@testable import Bench

struct RequestTextTests {
    @Test(arguments: [false, true])
    func hasTheSizeThatWasAskedFor(hasToken: Bool) throws {
        let text = RequestText(size: 500, deadline: 1_800_000_000, hasToken: hasToken)
        for number in [0, 1234567] { #expect(text.document(number).utf8.count == 500) }
        let document = try JSONSerialization.jsonObject(with: Data(text.document(42).utf8)) as? [String: Any]
        #expect(document?["request_kind"] as? String == (hasToken ? "redis" : nil))
    }

    @Test(arguments: [500, 16 << 10])
    func hasThePayloadThatWasAskedFor(size: Int) {
        let text = RequestText(payload: size, deadline: 1_800_000_000)
        #expect(text.payload(7).utf8.count == size)
        #expect(text.document(7).contains(text.payload(7)))
    }

    @Test
    func isFoundAgainAtTheGatewayAndInTheResult() {
        let text = RequestText(size: 300, deadline: 1_800_000_000)
        #expect(RequestText.number(in: text.payload(1_234_567).utf8, after: RequestText.payloadStart) == 1_234_567)
        let result = #"{"id":"\#(RequestText.id(42))","status_code":200,"payload":"x"}"#
        #expect(RequestText.number(in: result.utf8, after: RequestText.resultStart) == 42)
    }

    @Test(arguments: ["", #"{"model":"m","prompt":"12"#, #"{"model":"m","prompt":"12a4567 "#])
    func knowsWhatHasNoNumber(text: String) {
        #expect(RequestText.number(in: text.utf8, after: RequestText.payloadStart) == nil)
    }
}

struct RequestReaderTests {
    private let body = RequestText(payload: 80, deadline: 0).payload(77)

    private func request(_ body: String, _ fields: String = "") -> String {
        "POST / HTTP/1.1\r\nHost: x\r\n\(fields)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    /// What a reader finds in `text` when it comes in pieces of `size` bytes.
    private func events(_ text: String, size: Int = .max) -> [RequestReader.Event] {
        var reader = RequestReader()
        var events: [RequestReader.Event] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            Array(rest.prefix(size)).withUnsafeBytes { bytes in reader.read(bytes) { events.append($0) } }
            rest = rest.dropFirst(size)
        }
        return events
    }

    @Test
    func findsEachRequestAndItsNumber() {
        let text = request(body) + request("{}") + request(body)
        #expect(events(text) == [77, nil, 77].map { .request(number: $0, wantsLog: false) })
    }

    @Test(arguments: [1, 2, 3, 17, 50, 51, 52, 53, 90])
    func countsRequestsHoweverTheyAreCut(size: Int) {
        let text = String(repeating: request(body), count: 5)
        #expect(events(text, size: size).count == 5)
    }

    @Test
    func tellsOfAQuestionAndOfTheLog() {
        #expect(
            events(request(body, "Expect: 100-continue\r\n"))
                == [.isAsked, .request(number: 77, wantsLog: false)])
        #expect(events("GET /log HTTP/1.1\r\nHost: x\r\n\r\n") == [.request(number: nil, wantsLog: true)])
    }

    @Test
    func keepsWhenRequestsCameAndWent() throws {
        var log = GatewayLog()
        log.arrived(2, at: 5)
        log.answered(2, at: 9)
        log.answered(9, at: 1)
        let expected = log.visits
        let response = log.takeResponse()
        let head = try #require(response.withUnsafeBytes { find("\r\n\r\n", in: $0) })
        #expect(GatewayLog(body: Array(response[(head + 4)...])).visits == expected)
        #expect(expected == [.init(), .init(), .init(arrived: 5, answered: 9)])
        #expect(log.visits.isEmpty)
    }
}
