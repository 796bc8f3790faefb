import Foundation
import Redis
import TestServers
import Testing

@Suite(.timeLimit(.minutes(1)))
struct RedisConnectionTests {
    @Test
    func sendsManyCommandsAtOnceAndReadsAllReplies() async throws {
        let server = try await RedisServer()
        let connection = try RedisConnection(server.url)
        let commands = (0..<10_000).map { RedisCommand("SET", "key \($0)", $0) }
        #expect(try connection.send(commands).allSatisfy { $0 == .status("OK") })
        let read = try connection.send((0..<10_000).map { RedisCommand("GET", "key \($0)") })
        #expect(read.map(\.integer) == (0..<10_000).map { Int64($0) })
    }

    @Test
    func carriesAnyBytes() async throws {
        let server = try await RedisServer()
        let connection = try RedisConnection(server.url)
        let bytes = (0...255).map { UInt8($0) } + Array("\r\n$5\r\n".utf8)
        #expect(try connection.send(RedisCommand("SET", bytes, bytes)) == .status("OK"))
        #expect(try connection.send(RedisCommand("GET", bytes[...])).bytes == bytes)
        #expect(try connection.send(RedisCommand("SET", "empty", "")) == .status("OK"))
        #expect(try connection.send(RedisCommand("GET", "empty")).bytes == [])
    }

    @Test
    func carriesBigArgumentsAndReplies() async throws {
        let server = try await RedisServer()
        let connection = try RedisConnection(server.socketURL)
        let big = [UInt8](repeating: 0x61, count: 24 << 20)
        #expect(try connection.send(RedisCommand("SET", "big", big)) == .status("OK"))
        let replies = try connection.send([
            RedisCommand("GET", "big"), RedisCommand("PING"), RedisCommand("GET", "big"),
        ])
        #expect(replies[0].bytes == big)
        #expect(replies[1] == .status("PONG"))
        #expect(replies[2].bytes == big)
    }

    @Test
    func readsRepliesOfEveryKind() async throws {
        let server = try await RedisServer()
        let connection = try RedisConnection(server.url)
        let script = "return {1, 'two', {ok = 'FINE'}, {err = 'ERR bad'}, false, {'deep', {}}}"
        #expect(
            try connection.send(RedisCommand("EVAL", script, 0))
                == .array([
                    .integer(1), .string(Array("two".utf8)), .status("FINE"), .error("ERR bad"), .null,
                    .array([.string(Array("deep".utf8)), .array([])]),
                ]))
    }

    @Test
    func goesOnAfterAnErrorReply() async throws {
        let server = try await RedisServer()
        let connection = try RedisConnection(server.url)
        let replies = try connection.send([
            RedisCommand("SET", "a", 1), RedisCommand("RPUSH", "a", 1), RedisCommand("GET", "a"),
        ])
        #expect(replies[1].error?.hasPrefix("WRONGTYPE") == true)
        #expect(replies[2].integer == 1)
        #expect {
            try connection.send(RedisCommand("RPUSH", "a", 1))
        } throws: { error in
            "\(error)".hasPrefix("RPUSH on redis://127.0.0.1:\(server.port)/0: WRONGTYPE")
        }
        #expect(try connection.send(RedisCommand("PING")) == .status("PONG"))
    }

    @Test
    func saysWhoItIsAndSelectsTheDatabase() async throws {
        let server = try await RedisServer(password: "sesame")
        let admin = try RedisConnection(server.url)
        _ = try admin.send(RedisCommand("ACL", "SETUSER", "me", "on", ">open me", "~*", "&*", "+@all"))
        let me = try RedisConnection(RedisURL("redis://me:open%20me@127.0.0.1:\(server.port)/5"))
        #expect(try me.send(RedisCommand("ACL", "WHOAMI")).text == "me")
        _ = try me.send(RedisCommand("SET", "where", "five"))
        #expect(try admin.send(RedisCommand("GET", "where")) == .null)
        _ = try admin.send(RedisCommand("SELECT", 5))
        #expect(try admin.send(RedisCommand("GET", "where")).text == "five")
    }

    @Test(arguments: [("redis://:wrong@", "WRONGPASS"), ("", "NOAUTH"), ("redis://:sesame@", "ERR DB index")])
    func isRefusedForGoodWithAWrongLogin(login: String, reason: String) async throws {
        let server = try await RedisServer(password: "sesame")
        let url = try RedisURL("\(login)127.0.0.1:\(server.port)\(reason.hasPrefix("ERR") ? "/99" : "")")
        do throws(RedisError) {
            _ = try RedisConnection(url).send(RedisCommand("GET", "a"))
            Issue.record("was let in")
        } catch {
            #expect(error.reason.hasPrefix(reason))
            #expect(!error.isTransient)
            #expect(!"\(error)".contains("sesame"))
        }
    }

    @Test
    func saysThatNobodyListens() throws {
        let port = try freePort()
        do throws(RedisError) {
            _ = try RedisConnection(RedisURL(.tcp(host: "127.0.0.1", port: port)))
            Issue.record("connected")
        } catch {
            #expect("\(error)" == "connect on redis://127.0.0.1:\(port)/0: Connection refused")
            #expect(error.isTransient)
        }
    }

    @Test
    func givesUpOnAServerThatDoesNotAnswerInTime() async throws {
        let server = try await RedisServer()
        let timeouts = RedisTimeouts(command: .milliseconds(150))
        let connection = try RedisConnection(server.url, timeouts: timeouts)
        let start = ContinuousClock.now
        do throws(RedisError) {
            _ = try connection.send(RedisCommand("BLPOP", "nothing", 0))
            Issue.record("answered")
        } catch {
            #expect(error.kind == .connection)
            #expect(error.reason.contains("no answer within"))
        }
        #expect((.milliseconds(140)...(.seconds(5))).contains(ContinuousClock.now - start))
        #expect(!connection.isUsable)
        #expect(throws: RedisError.self) { try connection.send(RedisCommand("PING")) }
    }

    @Test
    func noticesThatTheServerIsGone() async throws {
        let server = try await RedisServer()
        let connection = try RedisConnection(server.url)
        server.kill()
        #expect(throws: RedisError.self) { try connection.send(RedisCommand("PING")) }
        #expect(throws: RedisError.self) { try connection.send(RedisCommand("PING")) }
    }

    @Test(arguments: [
        ("OOM command not allowed", true), ("LOADING Redis is loading", true), ("READONLY You can't write", true),
        ("WRONGTYPE Operation", false), ("NOPERM this user", false), ("ERR unknown command", false),
    ])
    func knowsWhichAnswersPass(reason: String, isTransient: Bool) {
        #expect(RedisError(operation: "x", reason: reason, kind: .answer).isTransient == isTransient)
    }
}
