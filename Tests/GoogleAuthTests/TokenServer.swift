import FlyingFox
import FlyingSocks
import Foundation
import Synchronization

/// A stand-in for Google's token servers on loopback, which answers as a test says.
final class TokenServer: Sendable {
    struct Request: Sendable {
        /// Counted from 1.
        var number: Int
        var method: String
        var path: String
        var headers: [String: String]
        var body: Data

        func header(_ name: String) -> String? { headers.first { $0.key.lowercased() == name.lowercased() }?.value }

        /// The fields of a form; empty unless the body is one.
        var form: [String: String] {
            guard header("Content-Type") == "application/x-www-form-urlencoded" else { return [:] }
            var fields: [String: String] = [:]
            for pair in String(decoding: body, as: UTF8.self).split(separator: "&") {
                let parts = pair.split(separator: "=", maxSplits: 1).map { String($0).removingPercentEncoding ?? "" }
                if parts.count == 2 { fields[parts[0]] = parts[1] }
            }
            return fields
        }
    }

    struct Answer: Sendable {
        var status = 200
        var body: String

        static func token(_ token: String, lifetime: Int = 3600) -> Answer {
            Answer(body: #"{"access_token":"\#(token)","expires_in":\#(lifetime),"token_type":"Bearer"}"#)
        }

        static func error(_ status: Int, _ code: String, _ description: String) -> Answer {
            Answer(status: status, body: #"{"error":"\#(code)","error_description":"\#(description)"}"#)
        }
    }

    private let received = Mutex<[Request]>([])
    private let port = Mutex<UInt16>(0)

    fileprivate init() {}

    var requests: [Request] { received.withLock(\.self) }
    var host: String { "127.0.0.1:\(port.withLock(\.self))" }
    func url(_ path: String = "/token") -> String { "http://\(host)\(path)" }

    fileprivate func note(_ request: FlyingFox.HTTPRequest) async throws -> Request {
        var headers: [String: String] = [:]
        for (name, value) in request.headers { headers[name.rawValue] = value }
        var noted = Request(
            number: 0, method: request.method.rawValue, path: request.path, headers: headers,
            body: try await request.bodyData)
        received.withLock {
            noted.number = $0.count + 1
            $0.append(noted)
        }
        return noted
    }

    fileprivate func listens(on address: Socket.Address?) {
        if case .ip4(_, let port) = address { self.port.withLock { $0 = port } }
    }
}

/// Runs `body` while a server answers with what `answer` says.
func withTokenServer(
    _ answer: @escaping @Sendable (TokenServer.Request) async -> TokenServer.Answer,
    _ body: (TokenServer) async throws -> Void
) async throws {
    let server = TokenServer()
    let handler = ClosureHTTPHandler { request in
        let answer = await answer(try await server.note(request))
        return HTTPResponse(statusCode: HTTPStatusCode(answer.status, phrase: ""), body: Data(answer.body.utf8))
    }
    let listener = HTTPServer(
        address: try .inet(ip4: "127.0.0.1", port: 0), pool: .ePoll(), logger: .disabled, handler: handler)
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await listener.run() }
        defer { group.cancelAll() }
        try await listener.waitUntilListening()
        server.listens(on: await listener.listeningAddress)
        try await body(server)
    }
}

/// A port on which nobody listens; kept by a socket of ours, so that nobody else gets it.
final class RefusingPort: Sendable {
    let number: UInt16
    private let socket: Socket

    init() throws {
        socket = try Socket(domain: AF_INET)
        try socket.bind(to: .inet(ip4: "127.0.0.1", port: 0))
        guard case .ip4(_, let port) = try socket.sockname() else { throw SocketError.unsupportedAddress }
        number = port
    }

    deinit { try? socket.close() }
}
