import Queue
import Redis
import RedisQueues
import RedisSortedSetSink
import RedisSortedSetSource
import TestServers
import Testing

/// Source and sink agree on which database they are in.
struct StoreTests {
    private func store(_ url: RedisURL) -> (RedisClient, RedisStore) {
        (RedisClient(url), RedisStore(.redisSortedSet))
    }

    @Test(.timeLimit(.minutes(1)))
    func bothSidesCallOneDatabaseByOneName() async throws {
        let bench = try await RedisSortedSetBench()
        let name = try await bench.source().identity()
        guard case .store = name else {
            Issue.record("\(name)")
            return
        }
        #expect(try await bench.sink().identity() == name)
        #expect(try await bench.sink().identity() == name)
        #expect(try bench.keys() == [ServedNames.key, RedisStore.key])
    }

    @Test(.timeLimit(.minutes(1)))
    func anotherDatabaseHasAnotherName() async throws {
        let server = try await RedisServer()
        let other = RedisURL(.tcp(host: "127.0.0.1", port: server.port), database: 5)
        #expect(try await RedisSortedSetSink(url: server.url).identity() != RedisSortedSetSink(url: other).identity())
    }

    /// What is under way still belongs to it.
    @Test(.timeLimit(.minutes(1)))
    func anEmptiedDatabaseGetsItsNameBackFromWhoeverKnowsIt() async throws {
        let server = try await RedisServer()
        var (client, store) = store(server.url)
        let name = try store.identity(client)
        _ = try server.command("FLUSHALL")
        #expect(try store.identity(client) == name)
        #expect(try await RedisSortedSetSink(url: server.url).identity() == name, "it stands there again")
    }

    @Test(.timeLimit(.minutes(1)))
    func noticesThatAnotherDatabaseIsBehindTheAddress() async throws {
        let server = try await RedisServer()
        var (client, store) = store(server.url)
        let name = try store.identity(client)
        let other = RedisURL(.tcp(host: "127.0.0.1", port: server.port), database: 5)
        let second = try await RedisSortedSetSink(url: other).identity()
        _ = try server.command("SWAPDB", 0, 5)
        #expect(try store.identity(client) == second)
        _ = try server.command("SWAPDB", 0, 5)
        #expect(try store.identity(client) == name)
    }

    /// Then nobody compares, and all goes on as without names.
    @Test(.timeLimit(.minutes(1)), arguments: ["~request-sortedset* +@all", "~* +@all -get", "~* +@all -set"])
    func isNoFailureWhereTheKeyIsForbidden(rights: String) async throws {
        let server = try await RedisServer()
        var command = RedisCommand("ACL", "SETUSER", "narrow", "on", ">secret", "&*")
        for right in rights.split(separator: " ") { command.append(String(right)) }
        _ = try RedisClient(server.url).send(command)
        let url = RedisURL(.tcp(host: "127.0.0.1", port: server.port), user: "narrow", password: "secret")
        guard case .unknown(let reason) = try await RedisSortedSetSink(url: url).identity() else {
            Issue.record("it has a name")
            return
        }
        #expect(reason.contains(RedisStore.key) && reason.contains("NOPERM"))
        #expect(!reason.contains("secret"))
    }

    @Test(.timeLimit(.minutes(1)))
    func isNoFailureWhereTheKeyIsSomethingElse() async throws {
        let server = try await RedisServer()
        _ = try server.command("LPUSH", RedisStore.key, "x")
        guard case .unknown(let reason) = try await RedisSortedSetSink(url: server.url).identity() else {
            Issue.record("it has a name")
            return
        }
        #expect(reason.contains("WRONGTYPE"))
    }
}
