import Foundation
import Logging
import Testing

@testable import Status

struct StatusRoomTests {
    private let logger = Logger(label: "test")

    @Test
    func closesWhoeverTakesTooLongForItsRequest() async throws {
        let (socket, port) = try listening()
        defer { close(socket) }
        var room = StatusRoom(socket)
        defer { room.closeAll() }
        let client = try RawConnection(port: port)
        client.send("GET /healthz HTTP/1.1\r\n")
        let ids = room.accept(now: .zero, logger)
        #expect(ids.count == 1)
        let reading = room.step(ids[0], now: .seconds(1))
        #expect(reading == .incomplete)
        // A byte now and then earns no more time.
        client.send("X")
        _ = room.expire(now: StatusConnection.readLimit - .milliseconds(1))
        #expect(client.send("Y"))
        _ = room.expire(now: StatusConnection.readLimit)
        let said = await client.readToEnd()
        #expect(said == "")
    }

    @Test
    func answersForAStageThatDoesNot() async throws {
        let (socket, port) = try listening()
        defer { close(socket) }
        var room = StatusRoom(socket)
        defer { room.closeAll() }
        let client = try RawConnection(port: port)
        let ids = room.accept(now: .zero, logger)
        let isAsked = room.ask(ids[0], .health, until: .seconds(3))
        #expect(isAsked)
        let unanswered = [Duration.seconds(2), .seconds(3)].map { room.expire(now: $0).map(\.id) }
        #expect(unanswered == [[], ids])
        room.answer(ids[0], StatusAnswer(code: .unavailable, body: []), now: .seconds(3))
        // The stage's own answer comes too late.
        room.stageAnswered(ids[0], StatusAnswer(code: .ok, body: []), now: .seconds(4))
        _ = room.expire(now: .seconds(5))
        let said = await client.readToEnd()
        #expect(said?.hasPrefix("HTTP/1.1 503 Service Unavailable") == true)
    }

    @Test(arguments: [
        ("", RequestHead.Reading.incomplete), ("GET / HTTP/1.1\r\n", .incomplete),
        ("GET / HTTP/1.1\r\nA: b\r\n", .incomplete),
        ("GET /a?b HTTP/1.0\r\n\r\n", .complete(RequestHead(method: "GET", path: "/a", query: "b"))),
        ("PUT / HTTP/1.1\nA: b\n\nbody", .complete(RequestHead(method: "PUT", path: "/"))),
        ("GET a HTTP/1.1\r\n\r\n", .refused), ("GET / HTTP/2\r\n\r\n", .refused), ("\r\n\r\n", .refused),
        (String(repeating: "a", count: RequestHead.longest), .refused),
    ])
    func readsTheFirstLine(text: String, reading: RequestHead.Reading) {
        #expect(RequestHead.read(Array(text.utf8)) == reading)
    }

    private func listening() throws -> (socket: CInt, port: UInt16) {
        let socket = try BindAddress.listen(host: "127.0.0.1", port: 0)
        return (socket, BindAddress.port(of: socket))
    }
}
