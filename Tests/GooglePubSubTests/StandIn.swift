import FlyingFox
import FlyingSocks
import Foundation
import GoogleAuth
import HTTP
import Loop
import Synchronization

@testable import GooglePubSub

/// A stand-in for Google's servers on loopback, which answers as a test says: what the emulator never does.
final class StandIn: Sendable {
    struct Request: Sendable {
        let path: String
        let query: [String: String]
        let authorization: String?
        let body: String
    }

    typealias Answer = (status: Int, body: String)

    /// An error as Google writes one.
    static func error(_ status: Int, _ name: String, _ message: String = "no", details: String = "[]") -> Answer {
        (status, #"{"error":{"code":\#(status),"status":"\#(name)","message":"\#(message)","details":\#(details)}}"#)
    }

    private let received = Mutex<[Request]>([])
    private let port = Mutex<UInt16>(0)

    var requests: [Request] { received.withLock(\.self) }
    var url: String { "http://\(host)" }
    var host: String { "127.0.0.1:\(port.withLock(\.self))" }

    /// A client whose tokens, numbered from 1, come from the stand-in too.
    @PipelineActor
    func client() throws -> GooglePubSubClient {
        let http = try HTTP.HTTPClient()
        let credentials = try GoogleCredentials.find(environment: ["GCE_METADATA_HOST": host])
        return GooglePubSubClient(
            server: url, monitoring: url, http: http, tokens: GoogleTokens(credentials, client: http))
    }

    /// Runs `body` while the stand-in answers calls of Pub/Sub with what `answer` says to the calls so far.
    static func with(
        _ answer: @escaping @Sendable ([Request]) -> Answer, _ body: (StandIn) async throws -> Void
    ) async throws {
        let standIn = StandIn()
        let tokens = Atomic(0)
        let handler = ClosureHTTPHandler { request in
            if request.path.hasPrefix("/computeMetadata") {
                let number = tokens.wrappingAdd(1, ordering: .relaxed).newValue
                let json = #"{"access_token":"token-\#(number)","expires_in":3600,"token_type":"Bearer"}"#
                return HTTPResponse(statusCode: .ok, body: Data(json.utf8))
            }
            let text = String(decoding: try await request.bodyData, as: UTF8.self)
            let query = Dictionary(request.query.map { ($0.name, $0.value) }) { $1 }
            let noted = Request(
                path: request.path, query: query, authorization: request.headers[.authorization], body: text)
            let all = standIn.received.withLock { received in
                received.append(noted)
                return received
            }
            let (status, body) = answer(all)
            return HTTPResponse(statusCode: HTTPStatusCode(status, phrase: ""), body: Data(body.utf8))
        }
        let server = HTTPServer(
            address: try .inet(ip4: "127.0.0.1", port: 0), pool: .ePoll(), logger: .disabled, handler: handler)
        let running = Task { try await server.run() }
        defer { running.cancel() }
        try await server.waitUntilListening()
        if case .ip4(_, let port) = await server.listeningAddress { standIn.port.withLock { $0 = port } }
        try await body(standIn)
    }
}
