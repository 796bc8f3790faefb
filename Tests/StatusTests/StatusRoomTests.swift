import Foundation
import TestServers
import Testing

@testable import Status

struct StatusRoomTests {
    private let limits = PortLimits(answer: .seconds(3))

    @Test
    func closesWhoeverTakesTooLongForItsRequest() async throws {
        let (socket, port) = try listening()
        defer { close(socket) }
        var room = StatusRoom(socket, limits)
        defer { room.closeAll() }
        let client = try RawConnection(port: port)
        client.send("GET /healthz HTTP/1.1\r\n")
        let ids = room.accept(now: .zero)
        #expect(ids.count == 1)
        let reading = room.step(ids[0], now: .seconds(1))
        #expect(reading == .incomplete)
        // A byte now and then earns no more time.
        client.send("X")
        room.expire(now: StatusConnection.readLimit - .milliseconds(1))
        #expect(client.send("Y"))
        room.expire(now: StatusConnection.readLimit)
        let said = await client.readToEnd()
        #expect(said == "")
    }

    @Test(arguments: [(2.9, "answer"), (3.0, "silence")])
    func answersForAStageThatDoesNot(until time: Double, expected: String) async throws {
        let (socket, port) = try listening()
        defer { close(socket) }
        var room = StatusRoom(socket, limits)
        defer { room.closeAll() }
        let client = try RawConnection(port: port)
        let ids = room.accept(now: .zero)
        let isAwaited = room.wait(for: ids[0], now: .zero, orElse: Array("silence".utf8))
        #expect(isAwaited)
        room.expire(now: .seconds(time))
        // The stage's own answer, in time or too late.
        room.arrived(Array("answer".utf8), for: ids[0], now: .seconds(time))
        room.expire(now: .seconds(5))
        let said = await client.readToEnd()
        #expect(said == expected)
    }

    /// There may be so many answers on their way, and not one more.
    @Test
    func awaitsOnlySoManyAnswers() throws {
        let (socket, _) = try listening()
        defer { close(socket) }
        var room = StatusRoom(socket, limits)
        defer { room.closeAll() }
        var awaited = (0..<20).map { room.wait(for: UInt64($0), now: .zero, orElse: []) }
        #expect(awaited.count { $0 } == 16)
        room.arrived([], for: 0, now: .zero)
        awaited = (0..<2).map { room.wait(for: $0, now: .zero, orElse: []) }
        #expect(awaited == [true, false])
    }

    private static let firstLines: [(String, RequestHead.Reading)] = [
        ("", RequestHead.Reading.incomplete), ("GET / HTTP/1.1\r\n", .incomplete),
        ("GET / HTTP/1.1\r\nA: b\r\n", .incomplete),
        ("GET /a?b HTTP/1.0\r\n\r\n", .complete(RequestHead(method: "GET", path: "/a", query: "b"), body: [])),
        (
            "PUT / HTTP/1.1\nA: b\n\nbody",
            .complete(RequestHead(method: "PUT", path: "/", headers: ["a": "b"]), body: [])
        ),
        ("GET a HTTP/1.1\r\n\r\n", .refused), ("GET / HTTP/2\r\n\r\n", .refused), ("\r\n\r\n", .refused),
        (String(repeating: "a", count: RequestHead.longestLine - 1), .incomplete),
        (String(repeating: "a", count: RequestHead.longestLine), .refused),
        ("GET / HTTP/1.1\n" + String(repeating: "a", count: RequestHead.longest - 1), .incomplete),
        ("GET / HTTP/1.1\n" + String(repeating: "a:\n", count: RequestHead.longest / 3 + 1), .refused),
    ]

    @Test(arguments: firstLines)
    func readsTheFirstLine(text: String, reading: RequestHead.Reading) {
        #expect(RequestHead.read(Array(text.utf8)) == reading)
    }

    @Test
    func readsHeadersByTheirNames() throws {
        let text = "GET / HTTP/1.1\r\nHost:  a:1 \r\nhOST: b\r\nnothing\r\nEmpty:\r\nUrl: http://c\r\n\r\nD: e\r\n\r\n"
        guard case .complete(let head, _) = RequestHead.read(Array(text.utf8)) else {
            Issue.record("it is whole")
            return
        }
        #expect(head.headers == ["host": "a:1, b", "empty": "", "url": "http://c"])
    }

    /// Where two sides could think otherwise of where a body ends, there is no answer.
    @Test(arguments: [
        ("Content-Length: 4", "body", "body"), ("Content-Length: 4", "body and more", "body"), ("A: b", "body", ""),
        ("Content-Length: 8", "12345678", "12345678"), ("Content-Length: 4", "bod", nil),
        ("Content-Length: 9", "123456789", "refused"), ("Content-Length: -1", "body", "refused"),
        ("Content-Length: +4", "body", "refused"), ("Content-Length: 4\r\nContent-Length: 4", "body", "refused"),
        ("Content-Length: 99999999999999999999", "body", "refused"), ("Content-Length:", "body", "refused"),
        ("Transfer-Encoding: chunked", "0\r\n\r\n", "refused"),
    ])
    func readsABodyOfLimitedLength(header: String, sent: String, read: String?) {
        let reading = RequestHead.read(Array("POST / HTTP/1.1\r\n\(header)\r\n\r\n\(sent)".utf8), longestBody: 8)
        switch reading {
        case .incomplete: #expect(read == nil)
        case .refused: #expect(read == "refused")
        case .complete(_, let body): #expect(String(decoding: body, as: UTF8.self) == read)
        }
    }

    private func listening() throws -> (socket: CInt, port: UInt16) {
        let socket = try BindAddress.listen(host: "127.0.0.1", port: 0)
        return (socket, BindAddress.port(of: socket))
    }
}
