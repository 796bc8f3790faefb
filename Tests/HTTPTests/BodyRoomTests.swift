import Glibc
import Loop
import Messages
import Testing

@testable import HTTP

/// Answers that come in while there is no room for them stay with their server.
@Suite(.timeLimit(.minutes(1)))
struct BodyRoomTests {
    private static let mebibyte = 1 << 20

    private func server(bytes: Int) -> ScriptedServer {
        ScriptedServer.answering { request in
            let letter = String(decoding: request.body, as: UTF8.self)
            return answer(200, letter == "small" ? "ok" : String(repeating: letter, count: bytes))
        }
    }

    @Test(arguments: [("plain", 0), ("chunked", 1)])
    func largeAnswersAreReadAsFarAsThereIsRoom(name: String, kind: Int) async throws {
        let server = ScriptedServer { connection in
            while let request = connection.readRequest() {
                let text = String(repeating: String(decoding: request.body, as: UTF8.self), count: Self.mebibyte)
                connection.send(
                    kind == 0
                        ? answer(200, text)
                        : "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n100000\r\n\(text)\r\n0\r\n\r\n")
            }
        }
        let client = try await HTTPClient()
        await client.setBodyRoom(2 * Self.mebibyte)
        for _ in 0..<2 {
            let most = Most()
            let watcher = Task { @PipelineActor in
                while !Task.isCancelled {
                    most.bytes = max(most.bytes, client.bodyBytes)
                    try? await Task.sleep(for: .milliseconds(1))
                }
            }
            let letters = (0..<8).map { String(UnicodeScalar(UInt8(0x61 + $0))) }
            let results = await client.results(
                of: letters.map {
                    var request = HTTPRequest(server.url(), $0)
                    request.maxResponseBytes = 2 * Self.mebibyte
                    return request
                })
            watcher.cancel()
            for (letter, result) in zip(letters, results) {
                let body = try result.get().body
                #expect(body.count == Self.mebibyte && isAll(letter, body))
            }
            let (bytes, left) = await (most.bytes, client.bodyBytes)
            // Beyond the limit goes one, and a little of each.
            #expect(bytes <= 3 * Self.mebibyte + 8 * BodyRoom.small)
            #expect(left == 0)
        }
    }

    @Test
    func withoutRoomOnlySmallAnswersComeInUntilThereIsSome() async throws {
        let server = server(bytes: Self.mebibyte)
        let client = try await HTTPClient()
        await client.setBodyRoom(0)
        let large = Task { await client.results(of: ["a", "b", "c"].map { HTTPRequest(server.url(), $0) }) }
        for _ in 0..<20 {
            #expect(try await client.response(to: HTTPRequest(server.url(), "small")).body.elementsEqual("ok".utf8))
        }
        #expect(await eventually { await client.bodyBytes > 0 })
        #expect(await client.bodyBytes <= 3 * BodyRoom.small)
        #expect(await client.active == 3)
        await client.setBodyRoom(1)
        for (letter, result) in zip(["a", "b", "c"], await large.value) {
            #expect(isAll(letter, try result.get().body))
        }
    }

    @Test
    func whoeverIsGivenUpLeavesItsRoomToTheNext() async throws {
        let half = String(repeating: "a", count: Self.mebibyte / 2)
        let server = ScriptedServer { connection in
            guard let request = connection.readRequest() else { return }
            let text = "HTTP/1.1 200 OK\r\nContent-Length: \(Self.mebibyte)\r\n\r\n" + half
            connection.send(request.body == Array("stuck".utf8) ? text : text + half)
            _ = connection.waitForEnd()
        }
        let client = try await HTTPClient()
        await client.setBodyRoom(1)
        let stuck = Task { await client.error(of: HTTPRequest(server.url(), "stuck", timeout: .seconds(60))) }
        #expect(await eventually { await client.bodyBytes == Self.mebibyte / 2 })
        let next = Task { await client.result(of: HTTPRequest(server.url(), "next", timeout: .seconds(30))) }
        #expect(await eventually { await client.bodyBytes > Self.mebibyte / 2 })
        stuck.cancel()
        #expect(isAll("a", try await next.value.get().body))
        #expect(await stuck.value?.kind == .cancelled)
    }

    @Test
    func someAreReadWholeInsteadOfAPartOfEach() {
        var room = BodyRoom()
        room.limit = 10 * Self.mebibyte
        func mayRead(_ more: Int, after count: Int = BodyRoom.small, of length: Int? = nil, slot: Int) -> Bool {
            room.mayRead(more, after: count, of: length, slot: slot)
        }
        let four = 4 * Self.mebibyte
        #expect(mayRead(1, of: four, slot: 1) && mayRead(1, of: four, slot: 2))
        // There is room for one that is known to be small, but not for a third of these, except the one.
        #expect(mayRead(1, of: Self.mebibyte, slot: 3))
        #expect(mayRead(1, of: four, slot: 4))
        #expect(!mayRead(1, of: four, slot: 5))
        #expect(mayRead(four, after: 0, of: four, slot: 1))
        room.left(0, slot: 1)
        room.left(0, slot: 4)
        #expect(mayRead(1, of: four, slot: 5))
        #expect(mayRead(1, after: 0, slot: 6))
    }

    @Test
    func withoutALengthTwiceWhatHasComeIsKept() {
        var room = BodyRoom()
        room.limit = 4 * Self.mebibyte
        func mayRead(_ more: Int = Self.mebibyte, after mebibytes: Int, slot: Int) -> Bool {
            room.mayRead(more, after: mebibytes * Self.mebibyte, of: nil, slot: slot)
        }
        #expect(mayRead(after: 0, slot: 1))
        #expect(mayRead(after: 1, slot: 1))
        #expect(mayRead(after: 0, slot: 2))
        // It is the one that may go beyond, and there is no other.
        #expect(mayRead(after: 2, slot: 2))
        #expect(!mayRead(after: 2, slot: 1))
        room.left(0, slot: 2)
        #expect(mayRead(after: 2, slot: 1))
        room.limit = 0
        #expect(!mayRead(after: 0, slot: 3))
        #expect(mayRead(1, after: 0, slot: 3))
    }

    /// Each byte is as the next, and the first is the letter; a loop over a mebibyte takes long in a debug build.
    private func isAll(_ letter: String, _ body: Bytes) -> Bool {
        body.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress, bytes.count > 1 else { return false }
            return bytes.first == letter.utf8.first && memcmp(start, start + 1, bytes.count - 1) == 0
        }
    }
}

@PipelineActor
private final class Most {
    var bytes = 0
    nonisolated init() {}
}
