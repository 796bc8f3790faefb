import TestServers
import Testing

@testable import Redis

/// The server is another one by now, or elsewhere.
@Suite(.timeLimit(.minutes(1)))
struct ServerMovedTests {
    private func localhost(_ port: Int) -> RedisURL { RedisURL(.tcp(host: "localhost", port: port)) }

    @Test(arguments: ["127.0.0.1", "::1"])
    func triesEveryAddressOfAName(host: String) async throws {
        let server = try await RedisServer(host: host)
        let client = RedisClient(localhost(server.port))
        #expect(try client.send(RedisCommand("PING")) == .status("PONG"))
    }

    @Test
    func saysWhatWasTriedOfANameThatHasSeveralAddresses() throws {
        let port = try freePort()
        let error = #expect(throws: RedisError.self) { try RedisConnection(localhost(port)) }
        let description = error?.description ?? ""
        #expect(description.contains("127.0.0.1:\(port): Connection refused"))
        #expect(description.contains("[::1]:\(port): Connection refused"))
    }

    @Test
    func waitsForANameNoLongerThanItShould() throws {
        let start = ContinuousClock.now
        let error = #expect(throws: NameLookup.Failure.self) {
            try NameLookup.addresses(of: "no-such-host.invalid", port: 6379, within: .milliseconds(300))
        }
        #expect(error?.reason.hasPrefix("no-such-host.invalid was not found: ") == true)
        #expect(ContinuousClock.now - start < .seconds(2))
    }

    @Test
    func passesOverAReplica() async throws {
        let replica = try await RedisServer(host: "127.0.0.1")
        let primary = try await RedisServer(host: "::1", port: replica.port)
        try replica.follow(primary)
        let client = RedisClient(localhost(replica.port))
        #expect(try client.send(RedisCommand("SET", "a", 1)) == .status("OK"))
        #expect(client.address?.description == "[::1]:\(primary.port)")
    }

    @Test
    func leavesAServerThatHasBecomeAReplica() async throws {
        let (one, two) = (try await RedisServer(), try await RedisServer())
        let client = RedisClient(one.url)
        #expect(try client.send(RedisCommand("SET", "a", 1)) == .status("OK"))
        try one.follow(two)
        let reply = try client.send([RedisCommand("SET", "a", 2)])[0]
        #expect(reply.error?.hasPrefix("READONLY") == true)
        #expect(!client.isConnected)
        let error = #expect(throws: RedisError.self) { try client.check() }
        #expect(error?.reason == "the server is a replica, which takes no writes")
        try one.lead()
        #expect(try client.send(RedisCommand("SET", "a", 3)) == .status("OK"))
    }

    /// Nothing need be written for that: the role is asked for now and then.
    @Test
    func noticesThatAServerHasBecomeAReplica() async throws {
        let (one, two) = (try await RedisServer(), try await RedisServer())
        let connection = try RedisConnection(one.url, writes: true)
        #expect(!connection.mustAskRole)
        try one.follow(two)
        let client = RedisClient(two.url)
        try client.check()
        let reply = try connection.send([RedisConnection.roleQuestion])[0]
        #expect(throws: RedisError.self) { try connection.noteRole(reply) }
        #expect(!connection.isUsable)
    }

    @Test(arguments: [
        ("READONLY You can't write against a read only replica.", true),
        ("ERR Error running script (call to f_0): @user_script:1: @user_script: 1: -READONLY You can't", true),
        ("LOADING Redis is loading the dataset in memory", true), ("NOAUTH Authentication required.", true),
        ("MASTERDOWN Link with MASTER is down", true), ("OOM command not allowed", false),
        ("NOSCRIPT No matching script.", false), ("ERR no such thing as READONLY ", false),
    ])
    func tellsAnswersOfAWrongServer(text: String, expected: Bool) {
        #expect(RedisRefusal.isOfWrongServer(text) == expected)
    }
}

extension RedisServer {
    fileprivate func follow(_ other: RedisServer) throws {
        _ = try RedisConnection(url).send(RedisCommand("REPLICAOF", other.host, other.port))
    }

    fileprivate func lead() throws { _ = try RedisConnection(url).send(RedisCommand("REPLICAOF", "NO", "ONE")) }
}
