import ArgumentParser
import Redis
import Testing

@testable import Apctl

struct QueueOptionsTests {
    private static func redis(
        _ host: String, _ queue: String, _ kind: RedisDeadLetters.Kind, port: Int = 6379
    ) -> DeadLetterPlace {
        .redis(RedisURL(.tcp(host: host, port: port)), queue: queue, kind)
    }

    private static let retry = RedisDeadLetters.Kind.channel(retrySet: "retry-sortedset")

    @Test(
        arguments: [
            ([], [:], redis("localhost", "request-queue", retry)),
            (["--message-queue-impl", "redis-sortedset"], [:], redis("localhost", "request-sortedset", .sortedSet)),
            (["--redis.addr", "r:1"], ["AP_REDIS_ADDR": "s:2"], redis("r", "request-queue", retry, port: 1)),
            ([], ["AP_REDIS_ADDR": "s:2"], redis("s", "request-queue", retry, port: 2)),
            ([], ["REDIS_URL": "redis://u:3"], redis("u", "request-queue", retry, port: 3)),
            (["--redis.url=redis://v:4"], ["REDIS_URL": "redis://u:3"], redis("v", "request-queue", retry, port: 4)),
            (
                ["--redis.request-queue-name", "a,b", "--redis.retry-queue-name=r"], [:],
                redis("localhost", "a,b", .channel(retrySet: "r"))
            ),
            (
                [], ["AP_MESSAGE_QUEUE_IMPL": "redis-sortedset", "AP_REDIS_REQUEST_QUEUE_NAME": "x"],
                redis("localhost", "x", .sortedSet)
            ),
            (["--message-queue-impl", "sqlite"], [:], .sqlite(path: "queue.db", queue: "requests")),
            (
                ["--message-queue-impl", "sqlite", "--sqlite.request-queue-name", "q"], ["AP_SQLITE_PATH": "/x.db"],
                .sqlite(path: "/x.db", queue: "q")
            ),
            (
                ["--queue", "b"], ["AP_REDIS_REQUEST_QUEUE_NAME": "a", "AP_REDIS_REQUEST_QUEUE_NAME_2": "b"],
                redis("localhost", "b", retry)
            ),
            // Troubles of a stage that have nothing to do with queues.
            ([], ["AP_METRICS_PORT": "x", "AP_LISTEN": "?"], redis("localhost", "request-queue", retry)),
        ] as [([String], [String: String], DeadLetterPlace)])
    func understandsWhatTheStagesDo(
        arguments: [String], environment: [String: String], place: DeadLetterPlace
    ) throws {
        #expect(try QueueOptions.parse(arguments).place(environment: environment) == place)
    }

    /// For who looks after all of them at once.
    @Test
    func namesAllQueuesOfTheSettings() throws {
        let environment = ["AP_REDIS_REQUEST_QUEUE_NAME": "a", "AP_REDIS_REQUEST_QUEUE_NAME_2": "b"]
        let all = try QueueOptions.parse([]).places(environment: environment)
        #expect(all.map(\.name) == ["a", "b"])
        #expect(all.last?.place == Self.redis("localhost", "b", Self.retry))
        let chosen = try QueueOptions.parse(["--queue", "b"]).places(environment: environment)
        #expect(chosen.map(\.name) == ["b"])
        #expect(throws: ValidationError.self) {
            try QueueOptions.parse(["--queue", "c"]).places(environment: environment)
        }
    }

    @Test
    func saysWhereNoDeadLettersAre() throws {
        let elsewhere = try QueueOptions.parse(["--message-queue-impl", "gcp-pubsub"])
        #expect(elsewhere.whyElsewhere([:])?.contains("dead-letter topics of their own") == true)
        #expect(try QueueOptions.parse([]).whyElsewhere(["AP_MESSAGE_QUEUE_IMPL": "gcp-pubsub"]) != nil)
        #expect(try QueueOptions.parse([]).whyElsewhere(["AP_MESSAGE_QUEUE_IMPL": "sqlite"]) == nil)
    }

    @Test(
        arguments: [
            (["--message-queue-impl", "kafka"], [:], "Please provide one of"),
            (["--message-queue-impl", "gcp-pubsub"], [:], "dead-letter topics of their own"),
            (["--redis.url", "rediss://x"], [:], "--redis.url: rediss:// (TLS) is not supported"),
            ([], ["AP_REDIS_URL": "http://x"], "AP_REDIS_URL (--redis.url): expected redis://"),
            (["--redis.addr", "x:y"], [:], "port 'y' is not 1-65535"),
            (["--queue", "z"], [:], "--queue: there is no z, only request-queue"),
            ([], ["AP_REDIS_REQUEST_QUEUE_NAME": "a", "AP_REDIS_REQUEST_QUEUE_NAME_2": "b"], "by --queue: a, b"),
            (["--queues-config-file", "/nowhere"], [:], "there is no file /nowhere"),
        ] as [([String], [String: String], String)])
    func saysWhatMakesNoSense(arguments: [String], environment: [String: String], message: String) throws {
        let options = try QueueOptions.parse(arguments)
        let error = #expect(throws: ValidationError.self) { try options.place(environment: environment) }
        let text = error?.message ?? ""
        #expect(text.contains(message), "\(text)")
        #expect(!text.contains("Usage:") && !text.hasPrefix("Error:"))
    }

    /// The default queue would be looked at in silence.
    @Test
    func saysWhichVariablesOfQueuesHaveNoEffect() throws {
        var notes: [String] = []
        let environment = ["AP_REDIS_ADDRESS": "s:2", "AP_CONCURENCY": "4"]
        _ = try QueueOptions.parse([]).place(environment: environment) { notes.append($0) }
        #expect(notes == ["AP_REDIS_ADDRESS belongs to no flag; it has no effect; did you mean AP_REDIS_ADDR?"])
    }

    @Test(arguments: [
        ["requeue"], ["requeue", "a", "--all"], ["delete"], ["show"], ["list", "--limit", "0"], ["list", "x"],
        ["show", "a", "--ids", "--numbers"],
    ])
    func refusesWhatIsNoCommand(arguments: [String]) {
        #expect(throws: (any Error).self) { try Apctl.parseAsRoot(["dead-letters"] + arguments) }
    }
}
