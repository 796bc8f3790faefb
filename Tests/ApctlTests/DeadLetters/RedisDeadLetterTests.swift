import Messages
import Queue
import Redis
import TestServers
import Testing

@testable import Apctl

/// Against a real server.
struct RedisDeadLetterTests {
    private static let list = "q:dead-letter"

    private func store(_ server: RedisServer, _ kind: RedisDeadLetters.Kind = .sortedSet) -> RedisDeadLetters {
        RedisDeadLetters(url: server.url, queue: "q", kind: kind)
    }

    private func push(_ elements: [[UInt8]], _ client: RedisClient) throws {
        for element in elements { _ = try client.send(RedisCommand("RPUSH", Self.list, element)) }
    }

    private func members(_ key: String, _ client: RedisClient) throws -> [[UInt8]] {
        try client.send(RedisCommand("ZRANGE", key, 0, -1)).array?.compactMap(\.bytes) ?? []
    }

    private func left(_ client: RedisClient) throws -> [[UInt8]] {
        try client.send(RedisCommand("LRANGE", Self.list, 0, -1)).array?.compactMap(\.bytes) ?? []
    }

    @Test(.timeLimit(.minutes(1)))
    func listsTheOldestFirstAndSaysWhenThereIsNone() async throws {
        let server = try await RedisServer()
        let client = RedisClient(server.url)
        let written = Written()
        #expect(try written.desk(store(server)).list(limit: nil, asJSON: false, columns: nil))
        #expect(written.lines == ["There are no dead letters in \(Self.list) on \(server.url)."])
        #expect(try written.desk(store(server)).list(limit: nil, asJSON: true, columns: nil))
        #expect(written.errors == written.lines)

        try push((1...600).map { element("job-\($0)", request("job-\($0)")) }, client)
        for (limit, count) in [(nil, 600), (3, 3), (300, 300), (1000, 600)] {
            let written = Written()
            #expect(try written.desk(store(server)).list(limit: limit, asJSON: false, columns: 80))
            #expect(written.lines.dropFirst().map { $0.split(separator: " ")[2] } == (1...count).map { "job-\($0)" })
            #expect(written.errors == (count < 600 ? ["These are the oldest \(count) of 600."] : []))
        }
        let json = Written()
        #expect(try json.desk(store(server)).list(limit: 2, asJSON: true, columns: 10))
        #expect(
            json.lines.map { JSONObject(Array($0.utf8)[...])?["id"].map { String(decoding: $0, as: UTF8.self) } }
                == ["\"job-1\"", "\"job-2\""])
    }

    @Test(.timeLimit(.minutes(1)))
    func showsTheVeryBytes() async throws {
        let server = try await RedisServer()
        let raw: [UInt8] = [0xFF, 0x00, 0x0A]
        try push([element("a", raw), element("b", request("b")), element("b", request("c"))], RedisClient(server.url))
        let written = Written()
        #expect(try written.desk(store(server)).show(.some(["a"], nil), bodyOnly: true))
        #expect(written.out == raw)
        let both = Written()
        #expect(try both.desk(store(server)).show(.some(["b", "1"], nil), bodyOnly: false))
        #expect(both.lines.count { $0.hasPrefix("number") } == 3)
        #expect(try !both.desk(store(server)).show(.some(["b"], nil), bodyOnly: true))
        #expect(both.errors.last?.contains("2 dead letters match") == true)
        let none = Written()
        #expect(try !none.desk(store(server)).show(.some(["x"], nil), bodyOnly: false))
        #expect(none.errors == ["x: no such dead letter", "3 dead letters are in \(Self.list) on \(server.url)."])
    }

    @Test(.timeLimit(.minutes(1)))
    func aSortedSetGetsTheOriginalBytesByTheirDeadline() async throws {
        let server = try await RedisServer()
        let client = RedisClient(server.url)
        let envelope =
            Array(
                "{\"request_kind\":\"redis\",\"data\":{\"id\":\"e\",\"deadline\":1900000000,\"payload\":{\"a\":\"\u{e9}"
                    .utf8)
            + [0xFF] + Array("\"}}}".utf8)
        try push([element("f", request("f")), element("e", envelope), element("x", Array("junk".utf8))], client)
        let written = Written()
        #expect(try !written.desk(store(server)).requeue(.all, isForced: true))
        #expect(try members("q", client) == [envelope, request("f")])
        #expect(try client.send(RedisCommand("ZSCORE", "q", envelope)).text == "1900000000")
        #expect(try client.send(RedisCommand("ZSCORE", "q", request("f"))).text == "9999999999")
        #expect(try left(client) == [element("x", Array("junk".utf8))])
        #expect(written.lines.last == "2 requeued, 1 kept")
        #expect(written.errors.count == 1)
        #expect(written.errors.first?.contains("no deadline can be read") == true)
    }

    @Test(.timeLimit(.minutes(1)))
    func keepsALetterWhoseRequestWaitsAlready() async throws {
        let server = try await RedisServer()
        let client = RedisClient(server.url)
        _ = try client.send(RedisCommand("ZADD", "q", 5, request("a")))
        try push([element("a", request("a"))], client)
        let written = Written()
        #expect(try !written.desk(store(server)).requeue(.some(["a"], nil), isForced: true))
        #expect(written.errors.last?.hasSuffix("the very same request waits in q already") == true)
        #expect(try client.send(RedisCommand("ZSCORE", "q", request("a"))).text == "5")
        #expect(try left(client).count == 1)
    }

    @Test(.timeLimit(.minutes(1)))
    func lateRequestsWaitForForce() async throws {
        let server = try await RedisServer()
        let client = RedisClient(server.url)
        try push([element("a", request("a", deadline: "1600000000"))], client)
        let written = Written()
        #expect(try !written.desk(store(server)).requeue(.some(["a"], nil), isForced: false))
        #expect(try left(client).count == 1)
        #expect(try members("q", client) == [])
        #expect(try written.desk(store(server)).requeue(.some(["a"], nil), isForced: true))
        #expect(written.errors.last?.hasPrefix("warning: ") == true)
        #expect(try left(client) == [])
        #expect(try client.send(RedisCommand("ZSCORE", "q", request("a", deadline: "1600000000"))).text == "1600000000")
    }

    /// Numbers of a list that is older than two removals: they mean what they meant.
    @Test(.timeLimit(.minutes(1)))
    func deletesWhatWasMeantWhenPlacesHaveShifted() async throws {
        let server = try await RedisServer()
        let client = RedisClient(server.url)
        let elements = ["a", "b", "c", "d", "e"].map { element($0, request($0)) }
        try push(elements, client)
        let numbers = elements.enumerated().map {
            "\(DeadLetter(element: $1, place: Int64($0 + 1), queue: "q").number)"
        }
        let written = Written()
        let desk = written.desk(store(server))
        #expect(try desk.delete(.some([numbers[0]], nil), asJSON: false))
        #expect(try desk.delete(.some([numbers[2], numbers[4]], nil), asJSON: false))
        #expect(try left(client) == [elements[1], elements[3]])
        #expect(try !desk.delete(.some([numbers[2], "1", "2"], nil), asJSON: false))
        #expect(try left(client).count == 2)
        #expect(
            written.lines.filter { $0.hasPrefix("deleted") }.map { $0.split(separator: " ")[2] } == ["a:", "c:", "e:"])
        let rest = Written()
        #expect(try rest.desk(store(server)).delete(.all, asJSON: true))
        #expect(rest.lines.count == 2)
        #expect(rest.lines.first?.contains("\"body\":\"{ \\\"id\\\":\\\"b\\\"") == true)
        #expect(try rest.desk(store(server)).delete(.all, asJSON: false))
        #expect(rest.errors == ["There are no dead letters in \(Self.list) on \(server.url)."])
    }

    @Test(.timeLimit(.minutes(1)), arguments: [.sortedSet, .channel(retrySet: "r")] as [RedisDeadLetters.Kind])
    func twoOperatorsRequeueEachLetterOnce(kind: RedisDeadLetters.Kind) async throws {
        let server = try await RedisServer()
        let client = RedisClient(server.url)
        try push((0..<500).map { element("job-\($0)", request("job-\($0)")) }, client)
        let url = server.url
        let counts = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<2 {
                group.addTask { @concurrent in
                    let written = Written()
                    let store = RedisDeadLetters(url: url, queue: "q", kind: kind)
                    _ = try written.desk(store).requeue(.all, isForced: false)
                    return written.lines.count { $0.hasPrefix("requeued ") }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(counts.reduce(0, +) == 500)
        #expect(try left(client) == [])
        #expect(try members(kind == .sortedSet ? "q" : "r", client).count == 500)
    }

    /// The same letter twice is two letters, and two requests where the queue can hold two.
    @Test(.timeLimit(.minutes(1)))
    func twinsGoOneByOne() async throws {
        let server = try await RedisServer()
        let client = RedisClient(server.url)
        let twin = element("a", request("a"))
        try push([twin, twin], client)
        #expect(try Written().desk(store(server, .channel(retrySet: "r"))).requeue(.all, isForced: false))
        #expect(try members("r", client).count == 2)
        try push([twin, twin], client)
        #expect(try !Written().desk(store(server)).requeue(.all, isForced: false))
        #expect(try left(client) == [twin])
    }

    @Test(.timeLimit(.minutes(1)))
    func aServerThatTakesNoWritesKeepsTheLetter() async throws {
        let server = try await RedisServer()
        let client = RedisClient(server.url)
        try push([element("a", request("a"))], client)
        _ = try client.send(RedisCommand("CONFIG", "SET", "maxmemory", 1))
        for kind in [RedisDeadLetters.Kind.sortedSet, .channel(retrySet: "r")] {
            let written = Written()
            #expect(try !written.desk(store(server, kind)).requeue(.all, isForced: false))
            #expect(written.errors.first?.contains("OOM") == true)
        }
        #expect(try left(client).count == 1)
        _ = try client.send(RedisCommand("CONFIG", "SET", "maxmemory", 0))
        _ = try client.send(RedisCommand("SET", "q", "a string"))
        let written = Written()
        #expect(try !written.desk(store(server)).requeue(.all, isForced: false))
        #expect(written.errors.first?.contains("WRONGTYPE") == true)
        #expect(try left(client).count == 1)
    }

    /// The script has run, and nobody hears of it: said so, and doing it again does nothing twice.
    @Test(.timeLimit(.minutes(1)))
    func aLostReplyLosesAndDoublesNothing() async throws {
        let server = try await RedisServer()
        let client = RedisClient(server.url)
        let proxy = try CuttingProxy(to: server.port)
        try push([element("a", request("a"))], client)
        let store = RedisDeadLetters(url: proxy.url, queue: "q", kind: .sortedSet)
        _ = try client.send(RedisCommand("SCRIPT", "LOAD", RedisDeadLetterScripts.enqueue.source))
        proxy.swallowReply(toRequestWith: "EVALSHA")
        let error = #expect(throws: QueueError.self) { try Written().desk(store).requeue(.all, isForced: false) }
        #expect(error?.reason.contains("whether it was done is not known") == true)
        #expect(try members("q", client) == [request("a")])
        #expect(try left(client) == [])
        #expect(try Written().desk(store).requeue(.all, isForced: false))
        #expect(try members("q", client).count == 1)
    }

    @Test(.timeLimit(.minutes(1)))
    func aServerThatIsAwayIsNamed() throws {
        let url = RedisURL(.tcp(host: "127.0.0.1", port: try freePort()))
        let store = RedisDeadLetters(url: url, queue: "q", kind: .sortedSet)
        let error = #expect(throws: QueueError.self) {
            try Written().desk(store).list(limit: nil, asJSON: false, columns: nil)
        }
        #expect(error?.description == "connect on \(url): Connection refused")
    }
}
