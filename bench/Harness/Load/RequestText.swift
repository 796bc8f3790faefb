/// Requests as a producer of this queue writes them, each with a number that is found again at the gateway and in the
/// result.
package struct RequestText: Sendable {
    /// What stands before the number in a payload, and before it in a result.
    static let payloadStart = #"{"model":"m","prompt":""#
    static let resultStart = #"{"id":"r"#
    static let digits = 7

    /// Score and deadline: a minute from now and more, so that nothing expires.
    package let deadline: Int
    /// With the envelope and the token by which a request can be cancelled.
    package let hasToken: Bool
    private let filling: String

    /// - Parameters:
    ///   - size: bytes of the whole document; at least what its fields take.
    ///   - deadline: Unix seconds.
    package init(size: Int, deadline: Int, hasToken: Bool = false) {
        self.deadline = deadline
        self.hasToken = hasToken
        let bare = Self.document(0, deadline: deadline, hasToken: hasToken, filling: "")
        filling = String(repeating: "y", count: max(0, size - bare.utf8.count))
    }

    /// - Parameter payload: bytes of the payload alone.
    package init(payload: Int, deadline: Int) {
        self.deadline = deadline
        hasToken = false
        filling = String(repeating: "y", count: max(0, payload - Self.payload(0, filling: "").utf8.count))
    }

    package func payload(_ number: Int) -> String { Self.payload(number, filling: filling) }

    package func document(_ number: Int) -> String {
        Self.document(number, deadline: deadline, hasToken: hasToken, filling: filling)
    }

    package static func id(_ number: Int) -> String { "r" + padded(number) }

    package static func token(_ number: Int) -> String {
        String(repeating: "a", count: 32 - digits) + padded(number)
    }

    /// The number in what the gateway was sent, or in a result.
    package static func number(in bytes: some Collection<UInt8>, after start: String) -> Int? {
        var number = 0
        let text = bytes.dropFirst(start.utf8.count).prefix(digits)
        guard text.count == digits else { return nil }
        for byte in text {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            number = number * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return number
    }

    private static func document(_ number: Int, deadline: Int, hasToken: Bool, filling: String) -> String {
        let payload = payload(number, filling: filling)
        if !hasToken { return #"{"id":"\#(id(number))","deadline":"\#(deadline)","payload":\#(payload)}"# }
        return
            #"{"internal":{"request_token":"\#(token(number))"},"request_kind":"redis","data":{"id":"\#(id(number))","#
            + #""created":\#(deadline - 3600),"deadline":\#(deadline),"payload":\#(payload)}}"#
    }

    private static func payload(_ number: Int, filling: String) -> String {
        "\(payloadStart)\(padded(number)) \(filling)\"}"
    }

    private static func padded(_ number: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }
}
