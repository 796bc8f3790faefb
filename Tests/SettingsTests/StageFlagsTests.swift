import Intake
import Logging
import Messages
import Queue
import RetryPolicy
import Testing

@testable import Settings

/// What each stage starts with when nothing is given, and with the user guide's names.
struct StageFlagsTests {
    @Test
    func ingestStartsWithNothingButDefaults() throws {
        let settings = try IngestSettings.parse(arguments: [])
        #expect(settings.stage.stage == .ingest)
        #expect(settings.stage.pipeline == "default")
        #expect(settings.stage.listen == nil)
        #expect(settings.stage.dispatch.map(\.description) == ["tcp://127.0.0.1:5557"])
        #expect(settings.stage.retry.isEmpty && settings.stage.emit.isEmpty)
        #expect(settings.stage.acks?.description == "tcp://127.0.0.1:5566")
        #expect(settings.stage.metricsPort == 9091)
        #expect(settings.server.kind == .redisPubSub)
        #expect(settings.server.redis.value == "localhost:6379")
        #expect(settings.mergePolicy == .randomRobin)
        #expect(settings.maxInFlight == 0)
        #expect(settings.maxOpenBytes == 268_435_456)
        #expect(settings.maxPayloadBytes == 67_108_864)
        #expect(settings.lease == .seconds(30))
        #expect(settings.server.deduplicates)
        #expect(settings.stage.maxDeliveries == 5)
        #expect(
            settings.server.queues == [
                QueueSettings(
                    id: "request-queue", name: "request-queue", retryQueue: "retry-sortedset",
                    defaultResultDestination: "result-queue",
                    target: .url("http://localhost:30080/v1/completions"))
            ])
    }

    @Test
    func ingestTakesTheNamesOfTheUserGuide() throws {
        let settings = try IngestSettings.parse(arguments: [
            "--concurrency=16", "--request-merge-policy", "random-robin", "--message-queue-impl", "redis-pubsub",
            "--redis.inference-gateway", "http://gateway/v1/chat/completions", "--redis.inference-objective", "batch",
            "--redis.request-queue-name", "in", "--redis.retry-queue-name", "later", "-redis.result-queue-name=out",
            "--redis.addr", "redis.example:6380",
        ])
        #expect(settings.server.redis.value == "redis.example:6380")
        #expect(
            settings.server.queues == [
                QueueSettings(
                    id: "in", name: "in", retryQueue: "later", defaultResultDestination: "out",
                    target: .url("http://gateway/v1/chat/completions"), objective: "batch")
            ])
    }

    @Test
    func ingestTakesTheUserGuidesNamesOfPubSub() throws {
        let settings = try IngestSettings.parse(arguments: [
            "-message-queue-impl=gcp-pubsub", "-pubsub.project-id", "p1", "-pubsub.inference-gateway=https://g/v1",
            "-pubsub.inference-objective", "batch", "-pubsub.request-subscriber-id=sub", "-pubsub.result-topic-id=top",
        ])
        #expect(settings.server.pubsubProject == "p1")
        #expect(settings.server.pubsubResultTopic == "top")
        #expect(settings.server.queues.map(\.name) == ["sub"])
        #expect(settings.server.queues.map(\.target) == [.url("https://g/v1")])
        #expect(settings.server.queues.map(\.objective) == ["batch"])
    }

    @Test
    func dispatchStartsWithNothingButDefaults() throws {
        let settings = try DispatchSettings.parse(arguments: [])
        #expect(settings.concurrency == 8)
        #expect(settings.requestTimeout == .seconds(300))
        #expect(settings.stage.drainTimeout == .seconds(330))
        #expect(settings.stage.listen?.description == "tcp://127.0.0.1:5557")
        #expect(settings.stage.dispatch.isEmpty)
        #expect(settings.stage.retry.map(\.description) == ["tcp://127.0.0.1:5558"])
        #expect(settings.stage.emit.map(\.description) == ["tcp://127.0.0.1:5559"])
        #expect(settings.stage.acks?.description == "tcp://127.0.0.1:5567")
        #expect(settings.stage.metricsHost == "127.0.0.1")
        #expect(settings.stage.metricsPort == 9092)
        #expect(settings.stage.maxUnackedBytes == 268_435_456)
        #expect(settings.maxResponseBytes == 67_108_864)
        #expect(settings.tlsSkipsVerification == false)
        #expect(settings.stage.logLevel == .info)
        #expect(settings.stage.logFormat == .text)
        #expect(settings.stage.tap == nil)
    }

    @Test
    func dispatchTakesTheNamesOfTheUserGuide() throws {
        let settings = try DispatchSettings.parse(arguments: ["-concurrency", "32", "--redis.request-queue-name", "q"])
        #expect(settings.concurrency == 32)
    }

    @Test
    func retryStartsWithNothingButDefaults() throws {
        let settings = try RetrySettings.parse(arguments: [])
        #expect(settings.backoff == .exponential)
        #expect(settings.backoffBase == .seconds(2))
        #expect(settings.backoffMax == .seconds(60))
        #expect(settings.retryAfterMax == .seconds(3600))
        #expect(settings.maxAttempts == 0)
        #expect(settings.stage.listen?.description == "tcp://127.0.0.1:5558")
        #expect(settings.stage.emit.map(\.description) == ["tcp://127.0.0.1:5559"])
        #expect(settings.stage.retry.isEmpty)
        #expect(settings.stage.acks?.description == "tcp://127.0.0.1:5568")
        #expect(settings.stage.metricsPort == 9093)
    }

    @Test
    func emitStartsWithNothingButDefaults() throws {
        let settings = try EmitSettings.parse(arguments: [])
        #expect(settings.resultPayload == .text)
        #expect(settings.server.redis.value == "localhost:6379")
        #expect(settings.server.retryQueue == "retry-sortedset")
        #expect(settings.server.resultDestination == "result-queue")
        #expect(settings.stage.listen?.description == "tcp://127.0.0.1:5559")
        #expect(settings.stage.acks == nil)
        #expect(settings.stage.metricsPort == 9094)
    }

    @Test(arguments: [
        ("redis-sortedset", "request-sortedset", "result-list"), ("redis-pubsub", "request-queue", "result-queue"),
        ("sqlite", "requests", ""),
    ])
    func namesTheQueuesOfEachKindAsItsUsersDo(kind: String, requests: String, results: String) throws {
        let settings = try IngestSettings.parse(arguments: ["--message-queue-impl", kind])
        #expect(settings.server.queues.map(\.name) == [requests])
        #expect(settings.server.resultDestination == results)
        #expect(settings.server.sqlitePath == "queue.db")
    }

    @Test
    func givesAllStagesTheSameListOfFlags() throws {
        let list = [
            "--bind-host", "0.0.0.0", "--dispatch", "tcp://d:5557", "--retry", "tcp://r:5558", "--emit",
            "tcp://e1:5559,tcp://e2:5559", "--drain-timeout", "1.5", "--request-timeout", "60", "--max-attempts", "3",
            "--result-payload", "base64", "--log-format", "json", "--log-level", "DEBUG", "--max-deliveries", "9",
        ]
        let ingest = try IngestSettings.parse(arguments: list).stage
        let dispatch = try DispatchSettings.parse(arguments: list).stage
        let retry = try RetrySettings.parse(arguments: list)
        let emit = try EmitSettings.parse(arguments: list)
        #expect(ingest.acks?.description == "tcp://0.0.0.0:5566")
        #expect(dispatch.listen?.description == "tcp://0.0.0.0:5557")
        #expect(dispatch.emit.map(\.description) == ["tcp://e1:5559", "tcp://e2:5559"])
        #expect(dispatch.drainTimeout == .milliseconds(1_500))
        #expect(retry.maxAttempts == 3)
        #expect(emit.resultPayload == .base64)
        #expect(emit.stage.metricsHost == "0.0.0.0")
        #expect(emit.stage.requestTimeout == .seconds(60))
        #expect(emit.stage.logLevel == .debug)
        #expect(ingest.maxDeliveries == 9)
    }

    @Test
    func letsTheLastOfAFlagWin() throws {
        let settings = try DispatchSettings.parse(arguments: ["--concurrency", "2", "-concurrency=3"])
        #expect(settings.concurrency == 3)
    }

    @Test(arguments: [
        ([], false), (["--tls-insecure-skip-verify"], true), (["-tls-insecure-skip-verify=false"], false),
        (["--tls-insecure-skip-verify", "1"], true), (["--tls-insecure-skip-verify", "--concurrency", "2"], true),
    ])
    func takesSwitchesWithAndWithoutAValue(arguments: [String], isOn: Bool) throws {
        let settings = try DispatchSettings.parse(arguments: arguments)
        #expect(settings.tlsSkipsVerification == isOn)
    }
}
