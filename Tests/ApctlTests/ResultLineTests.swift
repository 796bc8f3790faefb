import Messages
import Testing

@testable import Apctl

struct ResultLineTests {
    @Test
    func aPlainResultStaysOnOneLine() {
        let line = ResultLine.plain(bytes("{\"id\":\"a\",\n \"payload\":\"x\\ny\"}"))
        #expect(text(line) == "{\"id\":\"a\",  \"payload\":\"x\\ny\"}")
    }

    @Test
    func anAnswerInBatchFormatHasTheBodyAsItCame() throws {
        let result = #"{"id":"a","payload":"{\"id\":\"cmpl-1\", \"n\": 1.0}","status_code":200}"#
        let outcome = try #require(Outcome(bytes(result)))
        #expect(!outcome.isFailure)
        #expect(
            text(ResultLine.batch(outcome, customID: "\"a\"", number: 7))
                == #"{"id":"batch_req_7","custom_id":"a","response":{"status_code":200,"request_id":"cmpl-1","#
                + #""body":{"id":"cmpl-1", "n": 1.0}},"error":null}"#)
    }

    @Test
    func anErrorOfTheGatewayIsAnAnswerInBatchFormat() throws {
        let outcome = try #require(Outcome(bytes(#"{"id":"a","payload":"no \"such\" model","status_code":404}"#)))
        #expect(outcome.isFailure)
        #expect(
            text(ResultLine.batch(outcome, customID: "\"a\"", number: 1))
                == #"{"id":"batch_req_1","custom_id":"a","response":{"status_code":404,"request_id":"","#
                + #""body":"no \"such\" model"},"error":null}"#)
    }

    @Test
    func aRequestWithoutAnswerHasAnErrorInBatchFormat() throws {
        let result = #"""
            {"id":"a","payload":"{\"error\":\"late\"}","error_code":"DEADLINE_EXCEEDED","error_message":"too late"}
            """#
        let outcome = try #require(Outcome(bytes(result)))
        #expect(outcome.isFailure)
        #expect(
            text(ResultLine.batch(outcome, customID: #""ü\n""#, number: 2))
                == #"{"id":"batch_req_2","custom_id":"ü\n","response":null,"#
                + #""error":{"code":"DEADLINE_EXCEEDED","message":"too late"}}"#)
    }

    @Test
    func aLineThatWasNoRequestIsNamedByItsNumber() throws {
        let line = ResultLine.refusal("not \"JSON\"", line: 12)
        #expect(text(line).hasPrefix(#"{"id":"","line":12,"payload":"{\"error\":\"not \\\"JSON\\\"\"}","#))
        let outcome = try #require(Outcome(line[...]))
        #expect(outcome == Outcome(deadLetter: "not \"JSON\""))
        #expect(outcome.payload == #"{"error":"not \"JSON\""}"#)
    }

    private func bytes(_ text: String) -> Bytes { Array(text.utf8)[...] }
    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
