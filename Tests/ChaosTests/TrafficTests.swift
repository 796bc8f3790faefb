import Messages
import Testing

@testable import Chaos

struct TrafficTests {
    private let traffic = Traffic(poisons: [3], silentEvery: 5, silentDeadline: 1000)

    @Test
    func writesRequestsThatAreValidAndCarryTheirNumberInTheFirstBytesOfThePayload() {
        for number in [0, 3, 4, 12_345] {
            let decoded = InboundRequest.decode(Array(traffic.request(number).body.utf8)[...], limits: RequestLimits())
            guard case .request(let request) = decoded else {
                Issue.record("\(decoded)")
                continue
            }
            #expect(request.id == "c\(number)")
            #expect(Traffic.number(in: Array(request.payload)) == number)
            #expect(String(decoding: request.payload, as: UTF8.self) == traffic.payload(number))
            #expect(traffic.payload(number).utf8.count == 500)
        }
    }

    @Test
    func ordersDeadlinesAsTheNumbersAre() {
        let deadlines = [0, 1, 2, 3, 5].map { traffic.request($0).deadline }
        #expect(deadlines == deadlines.sorted() && Set(deadlines).count == 5)
        #expect(traffic.request(4) == Publication(body: traffic.request(4).body, deadline: 1000, isSilent: true))
    }

    @Test(arguments: ["", "{}", #"{"n":"#, #"{"n":x}"#, #"{"m":7}"#])
    func knowsWhatIsNoneOfIts(body: String) {
        #expect(Traffic.number(in: Array(body.utf8)) == nil)
    }

    @Test
    func knowsWhatMustBecomeOfEach() {
        #expect(
            (0..<10).map(traffic.fate) == [
                .answered, .answered, .answered, .poison, .unanswered, .answered, .answered, .answered, .answered,
                .unanswered,
            ])
    }

    @Test
    func takesOnlyTheAnswerToTheVeryBytesItWrote() {
        let body = Array(traffic.payload(1).utf8)
        func answer(_ number: Int, _ body: [UInt8], status: Int = 200) -> ResultLine {
            ResultLine(id: "c1", statusCode: status, payload: Traffic.answer(to: number, body: body))
        }
        #expect(traffic.isRight(answer(1, body), for: 1))
        #expect(!traffic.isRight(answer(2, body), for: 1))
        #expect(!traffic.isRight(answer(1, body.dropLast() + [0x20]), for: 1))
        #expect(!traffic.isRight(answer(1, body, status: 500), for: 1))
    }

    @Test
    func wantsTheCodesOfThoseThatCannotBeAnswered() {
        #expect(traffic.isRight(ResultLine(id: "c3", errorCode: "DEAD_LETTER"), for: 3))
        #expect(!traffic.isRight(ResultLine(id: "c3", errorCode: "DEADLINE_EXCEEDED"), for: 3))
        #expect(traffic.isRight(ResultLine(id: "c4", errorCode: "DEADLINE_EXCEEDED"), for: 4))
        #expect(!traffic.isRight(ResultLine(id: "c0", errorCode: "DEAD_LETTER"), for: 0))
    }

    @Test
    func readsResultsAsTheyAreWritten() {
        let answer = ResultEncoder().encode(id: "c7", .answer(statusCode: 200, body: Array("an \"answer\"".utf8)[...]))
        #expect(ResultLine(json: answer) == ResultLine(id: "c7", statusCode: 200, payload: "an \"answer\""))
        let failure = ResultEncoder().encode(id: "c8", .failure(.deadLetter, message: "no"))
        #expect(ResultLine(json: failure)?.errorCode == "DEAD_LETTER")
        #expect(ResultLine(json: failure)?.number == 8)
        #expect(ResultLine(json: Array("no json".utf8)) == nil)
        #expect(ResultLine(id: "x1").number == nil)
    }
}
