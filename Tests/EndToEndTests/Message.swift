import Foundation

/// A request as producers write it, flat or in the tagged envelope of llm-d-async.
struct Message: Sendable {
    var id: String
    /// Unix seconds; also its score.
    var deadline: Int64
    /// What stands as the payload, and must reach the gateway as it is.
    var payload: String
    /// Further fields, such as `"headers":{}`.
    var fields: [String]
    /// The fields of `internal`; `nil` for a flat message.
    var routing: [String]?

    /// - Parameter seconds: until the deadline.
    init(
        _ id: String, in seconds: Int64 = 600, payload: String? = nil, fields: [String] = [], routing: [String]? = nil
    ) {
        self.id = id
        deadline = Self.now + seconds
        self.payload = payload ?? oddPayload(id)
        self.fields = fields
        self.routing = routing
    }

    /// One whose producer may cancel it.
    static func tagged(_ id: String, token: String, in seconds: Int64 = 600) -> Message {
        Message(id, in: seconds, routing: [#""request_token":"\#(token)""#])
    }

    static var now: Int64 { Int64(Date.now.timeIntervalSince1970) }

    /// Flat ones have a deadline in quotes, as in the user guide; tagged ones a number, as the producer of llm-d-async
    /// writes it.
    var text: String {
        let deadline = routing == nil ? "\"\(deadline)\"" : "\(deadline)"
        let data = ([#""id":"\#(id)""#, #""deadline":\#(deadline)"#, #""payload":\#(payload)"#] + fields)
            .joined(separator: ",")
        guard let routing else { return "{\(data)}" }
        return #"{"internal":{\#(routing.joined(separator: ","))},"request_kind":"redis","data":{\#(data)}}"#
    }
}
