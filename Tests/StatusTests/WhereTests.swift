import Primitives
import Testing

@testable import Status

/// `/where` of a stage.
struct WhereTests {
    private static let held = HeldRequest(
        queue: "q", token: "t", place: "waits for a slot in dispatch", reason: "the pool is full",
        age: .milliseconds(1500),
        leasedAt: WallClock(milliseconds: 1_790_000_000_000), deadline: WallClock(milliseconds: 1_790_000_060_000),
        failedAttempts: 2, url: "http://gpu:8000/v1")

    @Test
    func tellsWhereARequestIs() async throws {
        let provider = FixedProvider(held: [Self.held], heldID: "a b/ü")
        try await withServer(provider) { server in
            let answer = try await server.get("/where?x=1&id=a%20b%2F%C3%BC")
            #expect(answer.code == 200)
            for part in [
                #""id" : "a b/ü""#, #""place" : "waits for a slot in dispatch""#, #""for_seconds" : 1.5"#,
                #""reason" : "the pool is full""#, #""failed_attempts" : 2"#, #""deadline" : "2026-09-21T14:14:20Z""#,
                #""token" : "t""#, #""url" : "http://gpu:8000/v1""#,
            ] { #expect(answer.body.contains(part), "\(part) in \(answer.body)") }
            #expect(try await server.get("/where?id=other").body.contains(#""held" : ["#))
            #expect(try await server.get("/where?id=other").body.contains("slot") == false)
        }
    }

    @Test(arguments: ["/where", "/where?id=", "/where?ID=a"])
    func asksForAnID(path: String) async throws {
        try await withServer(FixedProvider()) { server in
            let answer = try await server.get(path)
            #expect(answer.code == 400)
        }
    }
}
