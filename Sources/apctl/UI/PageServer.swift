import FlyingFox
import FlyingSocks
import Foundation
import UnixSignals

/// Serves the page over HTTP/1.1.
struct PageServer: Sendable {
    private let server: HTTPServer
    private let place: String

    /// Bytes of the body of a request; all that the page sends is far below.
    private static let mostBytes = 16 << 10
    /// Seconds in which an answer has to be there: a large queue is searched for a while.
    private static let patience = 600.0

    /// - Parameters:
    ///   - host: An address in numbers.
    ///   - port: 0 lets the system choose.
    init(host: String, port: UInt16, answer: @escaping @Sendable (UIRequest) async -> UIAnswer) throws(PageServerError)
    {
        let handler = ClosureHTTPHandler { request in Self.response(await answer(try await Self.request(request))) }
        place = "\(host.contains(":") ? "[\(host)]" : host):\(port)"
        do {
            server =
                host.contains(":")
                ? HTTPServer(
                    address: try .inet6(ip6: host, port: port), timeout: Self.patience, logger: .disabled,
                    handler: handler)
                : HTTPServer(
                    address: try .inet(ip4: host, port: port), timeout: Self.patience, logger: .disabled,
                    handler: handler)
        } catch {
            throw PageServerError(place, "that is no address")
        }
    }

    /// Serves until somebody wants it to end; does not wait for what is being answered then.
    ///
    /// - Parameter started: Is told the port once it listens.
    func serve(
        until signals: UnixSignalsSequence, started: @escaping @Sendable (UInt16) -> Void
    ) async throws(PageServerError) {
        let (ends, ended) = AsyncStream.makeStream(of: PageServerError?.self)
        let serving = Task {
            do {
                try await server.run()
                ended.yield(nil)
            } catch {
                ended.yield(PageServerError(place, error))
            }
        }
        Task {
            for await _ in signals { break }
            ended.yield(nil)
        }
        Task {
            try await server.waitUntilListening()
            if let port = await port { started(port) }
        }
        for await error in ends {
            serving.cancel()
            if let error { throw error }
            return
        }
    }

    private var port: UInt16? {
        get async {
            switch await server.listeningAddress {
            case .ip4(_, let port), .ip6(_, let port): port
            default: nil
            }
        }
    }

    /// Takes all of the body from the connection, whatever becomes of the request: what stayed there would be read as the
    /// next request, and another site's page could have written it.
    private static func request(_ request: FlyingFox.HTTPRequest) async throws -> UIRequest {
        var body: [UInt8] = []
        for try await piece in request.bodySequence where body.count <= mostBytes { body += piece }
        let headers = request.headers.map { ($0.key.rawValue.lowercased(), $0.value) }
        return UIRequest(
            method: request.method.rawValue, path: request.target.path(), query: request.target.query(),
            headers: Dictionary(headers) { first, _ in first }, body: body)
    }

    private static func response(_ answer: UIAnswer) -> FlyingFox.HTTPResponse {
        let headers = answer.headers.map { (HTTPHeader($0.key), $0.value) }
        return FlyingFox.HTTPResponse(
            statusCode: HTTPStatusCode(answer.status, phrase: phrases[answer.status] ?? "Status"),
            headers: HTTPHeaders(Dictionary(headers) { first, _ in first }), body: Data(answer.body))
    }

    private static let phrases = [
        200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found",
        415: "Unsupported Media Type", 500: "Internal Server Error", 503: "Service Unavailable",
    ]
}

/// Why the page cannot be served.
struct PageServerError: Error, CustomStringConvertible {
    let description: String

    init(_ place: String, _ reason: String) { description = "listen on \(place): \(reason)" }

    init(_ place: String, _ error: any Error) {
        if case .failed(_, _, let message)? = error as? SocketError {
            self.init(place, message)
        } else {
            self.init(place, "\(error)")
        }
    }
}
