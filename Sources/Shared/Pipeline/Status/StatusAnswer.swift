import Foundation

/// An answer of the status port.
struct StatusAnswer: Equatable {
    enum Code: Int {
        case ok = 200
        case badRequest = 400
        case notFound = 404
        case methodNotAllowed = 405
        case unavailable = 503

        var phrase: String {
            switch self {
            case .ok: "OK"
            case .badRequest: "Bad Request"
            case .notFound: "Not Found"
            case .methodNotAllowed: "Method Not Allowed"
            case .unavailable: "Service Unavailable"
            }
        }
    }

    var code: Code
    var type = "application/json"
    var body: [UInt8]

    static func json(_ code: Code, _ document: Data) -> StatusAnswer {
        StatusAnswer(code: code, body: [UInt8](document))
    }

    /// The bytes on the wire; one answer for each connection.
    var message: [UInt8] {
        var head = "HTTP/1.1 \(code.rawValue) \(code.phrase)\r\nContent-Type: \(type)\r\n"
        if code == .methodNotAllowed { head += "Allow: GET\r\n" }
        head += "Content-Length: \(body.count)\r\nConnection: close\r\n\r\n"
        return Array(head.utf8) + body
    }
}
