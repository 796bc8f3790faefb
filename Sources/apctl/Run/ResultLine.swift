import GatewaySimulator
import Messages

/// Writes one line of the output, without its end.
enum ResultLine {
    /// A result as the pipeline wrote it, on one line.
    static func plain(_ document: Bytes) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendJSONOnOneLine(document)
        return bytes
    }

    /// The result of a line that was no request, or is not sent.
    ///
    /// - Parameters:
    ///   - id: empty when it has none.
    ///   - line: its number in the input, from 1; may be the only name that it has.
    static func refusal(_ reason: String, id: String = "", code: ErrorCode = .deadLetter, line: Int) -> [UInt8] {
        let text = JSONText.literal(reason)
        let payload = JSONText.literal("{\"error\":\(text)}")
        let head = "{\"id\":\(JSONText.literal(id)),\"line\":\(line),\"payload\":\(payload),"
        let tail = "\"error_code\":\"\(code.rawValue)\",\"error_message\":\(text),\"error\":\(text)}"
        return Array((head + tail).utf8)
    }

    /// A line of OpenAI's batch output.
    ///
    /// - Parameters:
    ///   - number: of its line in the input; names the result.
    ///   - customID: of the request, as JSON.
    ///   - line: the number of its line in the input, from 1, where the error is the line's own.
    static func batch(_ outcome: Outcome, customID: String, number: Int, line: Int? = nil) -> [UInt8] {
        let head = "{\"id\":\"batch_req_\(number)\",\"custom_id\":\(customID),"
        if let code = outcome.errorCode {
            let message = JSONText.literal(outcome.errorMessage ?? outcome.payload)
            let place = line.map { ",\"line\":\($0)" } ?? ""
            let error = "{\"code\":\(JSONText.literal(code)),\"message\":\(message)\(place)}"
            return Array("\(head)\"response\":null,\"error\":\(error)}".utf8)
        }
        let status = outcome.statusCode ?? 200
        let body = Array(outcome.payload.utf8)[...]
        let members = JSONText.members(of: body)
        let requestID = members?.last { $0.key == "id" }.flatMap { JSONText.string($0.value) } ?? ""
        var line = Array(
            "\(head)\"response\":{\"status_code\":\(status),\"request_id\":\(JSONText.literal(requestID)),\"body\":"
                .utf8)
        if members != nil || (try? JSONScanner.check(body)) != nil {
            line.appendJSONOnOneLine(body)
        } else {
            line.appendJSONString(outcome.payload)
        }
        if outcome.isBase64 { line += Array(",\"body_encoding\":\"base64\"".utf8) }
        line += Array("},\"error\":null}".utf8)
        return line
    }
}
