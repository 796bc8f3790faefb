import Foundation

/// What a browser asks, as far as it counts.
struct UIRequest: Sendable, Equatable {
    var method: String
    /// Without query.
    var path: String
    /// As it was sent, without the `?`.
    var query = ""
    /// By their names in small letters.
    var headers: [String: String] = [:]
    var body: [UInt8] = []

    /// The value of a parameter of the query, its percent-encoding undone; `nil` without it.
    func parameter(_ name: String) -> String? {
        for field in query.split(separator: "&") {
            let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2, parts[0] == name { return String(parts[1]).removingPercentEncoding }
        }
        return nil
    }
}

/// An answer, or what has to be done for it and may take a while.
enum UIReply: Sendable {
    case now(UIAnswer)
    case later(@Sendable () async -> UIAnswer)
}

/// What a browser is answered.
struct UIAnswer: Sendable, Equatable {
    var status: Int
    var type = "application/json"
    /// What the page may do, for `Content-Security-Policy`; of all but the page: nothing.
    var policy = "default-src 'none'; frame-ancestors 'none'"
    var body: [UInt8]

    /// Numbers in the document are finite.
    static func json(_ document: some Encodable, status: Int = 200) -> UIAnswer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return UIAnswer(status: status, body: [UInt8](try encoder.encode(document)))
        } catch {
            return UIAnswer(status: 500, body: Array(#"{"error":"the answer cannot be written as JSON"}"#.utf8))
        }
    }

    static func error(_ status: Int, _ reason: String) -> UIAnswer { json(["error": reason], status: status) }

    /// Beside that of the policy: nobody guesses types, keeps answers, or learns where the user comes from.
    var headers: [String: String] {
        [
            "Content-Type": type, "Content-Security-Policy": policy, "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
        ]
    }

    /// The bytes on the wire; one answer for each connection.
    var message: [UInt8] {
        let fields = headers.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)\r\n" }.joined()
        let head = "HTTP/1.1 \(status) \(Self.phrases[status] ?? "Status")\r\n\(fields)"
        return Array("\(head)Content-Length: \(body.count)\r\nConnection: close\r\n\r\n".utf8) + body
    }

    private static let phrases = [
        200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found",
        415: "Unsupported Media Type", 500: "Internal Server Error", 503: "Service Unavailable",
    ]
}
