import Logging
import Messages
import Queue
import Testing

@testable import Settings

/// What a stage says it was started with, in `/status` and in its first line.
struct DescriptionTests {
    private static let common = [
        "--pipeline", "blue", "--metrics-host", "127.0.0.3", "--metrics-port", "19000", "--tap", "ipc:///run/tap",
        "--tap-payloads", "--drain-timeout", "1.5", "--stuck-after", "600", "--max-unacked-bytes", "1000000",
        "--log-level", "debug",
        "--log-format", "text",
    ]

    /// The flags and values that a description shows, as a command line.
    private func commandLine(_ settings: StageSettings) -> [String] {
        settings.describe().map { "\($0.name)=\($0.value)" }
    }

    @Test
    func startsTheSameStageAgain() throws {
        let links = ["--acks", "ipc:///run/acks", "--acks-advertise", "tcp://10.0.0.7:1", "--max-deliveries", "9"]
        let ingest = try IngestSettings.parse(
            arguments: Self.common + links + ["--dispatch", "tcp://a:1,tcp://[::1]:2"]
        ).stage
        #expect(try IngestSettings.parse(arguments: commandLine(ingest)).stage == ingest)
        let dispatch = try DispatchSettings.parse(
            arguments: Self.common + links + ["--listen", "tcp://*:1", "--retry", "tcp://r:2", "--emit", "ipc:///e"]
        ).stage
        #expect(try DispatchSettings.parse(arguments: commandLine(dispatch)).stage == dispatch)
        let retry = try RetrySettings.parse(arguments: Self.common + links + ["--emit", "tcp://e:3"]).stage
        #expect(try RetrySettings.parse(arguments: commandLine(retry)).stage == retry)
        let emit = try EmitSettings.parse(arguments: Self.common + ["--listen", "ipc:///run/emit"]).stage
        #expect(try EmitSettings.parse(arguments: commandLine(emit)).stage == emit)
    }

    @Test
    func showsOnlyWhatTheStageHas() throws {
        func names(_ settings: StageSettings) -> Set<String> { Set(settings.describe().map(\.name)) }
        let ingest = names(try IngestSettings.parse(arguments: []).stage)
        #expect(ingest.isSuperset(of: ["--dispatch", "--acks", "--max-deliveries"]))
        #expect(ingest.isDisjoint(with: ["--listen", "--retry", "--emit", "--tap", "--tap-payloads"]))
        let emit = names(try EmitSettings.parse(arguments: []).stage)
        #expect(emit.contains("--listen"))
        #expect(emit.isDisjoint(with: ["--acks", "--dispatch", "--retry", "--emit", "--max-deliveries"]))
        let retry = names(try RetrySettings.parse(arguments: ["--tap", "ipc:///t"]).stage)
        #expect(retry.isSuperset(of: ["--listen", "--acks", "--emit", "--tap", "--tap-payloads"]))
    }

    @Test(arguments: [
        ("redis-sortedset", ["--redis.url"], ["--sqlite.path", "--pubsub.project-id"]),
        ("sqlite", ["--sqlite.path"], ["--redis.url", "--pubsub.project-id"]),
        ("gcp-pubsub", ["--pubsub.project-id"], ["--redis.url", "--sqlite.path"]),
    ])
    func showsWhereTheQueueIs(kind: String, shown: [String], hidden: [String]) throws {
        let settings = try EmitSettings.parse(arguments: [
            "--message-queue-impl", kind, "--pubsub.project-id", "p", "--pubsub.result-topic-id", "t", "--sqlite.path",
            "/tmp/queue.db",
        ])
        let described = settings.describe()
        #expect(described.contains { $0 == ("--message-queue-impl", kind) })
        #expect(Set(described.map(\.name)).isSuperset(of: shown))
        #expect(Set(described.map(\.name)).isDisjoint(with: hidden))
    }

    @Test
    func showsEachQueueOnALineOfItsOwn() throws {
        let settings = try IngestSettings.parse(arguments: [
            "--message-queue-impl", "redis-sortedset", "--redis.request-queue-name.1", "a",
            "--redis.inference-gateway.1", "http://g/v1", "--redis.request-queue-name.2", "b",
            "--redis.inference-gateway.2", "http://u:secret@h/v1", "--redis.inference-objective.2", "batch",
            "--redis.result-queue-name.2", "out",
        ])
        let lines = settings.describe().filter { $0.name.hasPrefix("queue.") }
        #expect(lines.map(\.name) == ["queue.1", "queue.2"])
        #expect(lines.first?.value.hasPrefix("a to http://g/v1, results to ") == true)
        #expect(lines.last?.value == "b to http://u:***@h/v1, objective batch, results to out")
    }

    @Test(arguments: [(0.0, "0"), (330, "330"), (1.5, "1.5"), (1e9, "1000000000")])
    func writesTimesAsTheyAreRead(seconds: Double, text: String) throws {
        #expect(Seconds(seconds).description == text)
        #expect(try Checked.seconds(moreThanZero: false)(text) == Seconds(seconds))
        #expect(Seconds(seconds).duration == .seconds(seconds))
    }
}
