import Foundation
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

    /// 64 KiB, and each of its bytes takes three.
    @Test
    func findsTheLongestID() async throws {
        let id = String(repeating: "ü", count: 32 << 10)
        try await withServer(FixedProvider(held: [Self.held], heldID: id)) { server in
            let answer = try await server.get("/where?id=" + String(repeating: "%C3%BC", count: 32 << 10))
            #expect(answer.code == 200)
            #expect(answer.body.contains("waits for a slot in dispatch"))
        }
    }

    @Test
    func saysHowManyItDoesNotTellOf() async throws {
        let many = Array(repeating: Self.held, count: HeldRequest.most + 1400)
        try await withServer(FixedProvider(held: many, heldID: "a")) { server in
            let body = try await server.get("/where?id=a").body
            #expect(body.contains(#""left_out" : 1400"#))
            #expect(body.components(separatedBy: #""place""#).count == HeldRequest.most + 1)
        }
        try await withServer(FixedProvider(held: [Self.held], heldID: "a")) { server in
            let body = try await server.get("/where?id=a").body
            #expect(!body.contains("left_out"))
        }
    }

    /// Years have four digits: what is outside of them is told as the first or the last moment.
    @Test(
        arguments: [
            (Int64.max, "9999-12-31T23:59:59Z"), (18_446_744_073_710_000, "9999-12-31T23:59:59Z"),
            (253_402_300_800, "9999-12-31T23:59:59Z"), (253_402_300_799, "9999-12-31T23:59:59Z"),
            (253_402_300_798, "9999-12-31T23:59:58Z"), (1_767_323_045, "2026-01-02T03:04:05Z"),
            (0, "1970-01-01T00:00:00Z"), (-5, "1970-01-01T00:00:00Z"), (Int64.min, "1970-01-01T00:00:00Z"),
        ] as [(Int64, String)])
    func everyDeadlineHasADate(seconds: Int64, text: String) {
        #expect("\(WallClock(seconds: seconds))" == text)
    }

    @Test(arguments: ["/where", "/where?id=", "/where?ID=a"])
    func asksForAnID(path: String) async throws {
        try await withServer(FixedProvider()) { server in
            let answer = try await server.get(path)
            #expect(answer.code == 400)
        }
    }
}
