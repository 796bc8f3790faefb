import FlyingFox
import FlyingSocks
import Foundation
import Synchronization
import TestServers

/// A small HTTP server on loopback that has a page of metrics, or behaves as a test wants.
final class Exporter: Sendable {
    struct Behaviour: Sendable {
        var page = ""
        var status = 200
        var delay = Duration.zero
        /// Answers to the HTTP method POST.
        var postStatus: Int?
    }

    struct Seen: Sendable {
        var method: String
        var path: String
        var body: String
    }

    let port: Int
    private let behaviour = Mutex(Behaviour())
    private let seen = Mutex<[Seen]>([])
    private let task = Mutex<Task<Void, Never>?>(nil)

    init(_ page: String = "") async throws {
        port = try freePort()
        behaviour.withLock { $0.page = page }
        try await start()
    }

    deinit { stop() }

    var url: String { "http://127.0.0.1:\(port)" }
    var metrics: String { "\(url)/metrics" }
    var requests: [Seen] { seen.withLock(\.self) }

    func set(_ change: @Sendable (inout Behaviour) -> Void) { behaviour.withLock { change(&$0) } }
    func show(_ page: String) { behaviour.withLock { $0.page = page } }

    /// Listens (again), on the same port.
    func start() async throws {
        let handler = ClosureHTTPHandler { [weak self] request in
            guard let self else { return FlyingFox.HTTPResponse(statusCode: .internalServerError) }
            return await answer(request)
        }
        let listener = HTTPServer(
            address: try .inet(ip4: "127.0.0.1", port: UInt16(port)), pool: .ePoll(), logger: .disabled,
            handler: handler)
        let running = Task { _ = try? await listener.run() }
        task.withLock { $0 = running }
        try await listener.waitUntilListening()
    }

    /// Nobody listens any more.
    func stop() { task.withLock { $0?.cancel() } }

    private func answer(_ request: FlyingFox.HTTPRequest) async -> FlyingFox.HTTPResponse {
        let body = (try? await request.bodyData) ?? Data()
        seen.withLock {
            $0.append(
                Seen(
                    method: request.method.rawValue, path: request.path,
                    body: String(decoding: body, as: UTF8.self)))
        }
        let behaviour = behaviour.withLock(\.self)
        if behaviour.delay > .zero { try? await Task.sleep(for: behaviour.delay) }
        let isPost = request.method == .POST
        let status = isPost ? behaviour.postStatus ?? behaviour.status : behaviour.status
        return FlyingFox.HTTPResponse(
            statusCode: HTTPStatusCode(status, phrase: ""), headers: [.contentType: "text/plain; version=0.0.4"],
            body: Data(behaviour.page.utf8))
    }
}
