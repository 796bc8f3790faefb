import Messages
import Queue
import Testing

@testable import Settings

struct IndexedFlagsTests {
    private func names(_ arguments: [String], _ environment: [String: String] = [:]) -> [String]? {
        try? IngestSettings.parse(arguments: arguments, environment: environment).server.queues.map(\.name)
    }

    @Test
    func takesSeveralQueuesInTheOrderOfTheirNumbers() {
        #expect(
            names([
                "--redis.request-queue-name.10", "ten", "-redis.request-queue-name.2=two",
                "--redis.request-queue-name.1=one",
            ]) == ["one", "two", "ten"])
    }

    @Test
    func takesAQueueNamedWithoutNumberForTheFirst() {
        #expect(names(["--redis.request-queue-name", "a", "--redis.request-queue-name.2", "b"]) == ["a", "b"])
        #expect(names(["--redis.request-queue-name", "a", "--redis.request-queue-name.1", "a"]) == ["a"])
        #expect(names(["--redis.inference-objective.1", "o"]) == ["request-queue"])
    }

    @Test
    func keepsTheFirstQueueWhenNumbersAddOthers() {
        #expect(names(["--redis.request-queue-name.2", "b"]) == ["request-queue", "b"])
        #expect(names([], ["AP_REDIS_REQUEST_QUEUE_NAME_3": "c"]) == ["request-queue", "c"])
        #expect(names(["--message-queue-impl=sqlite", "--sqlite.request-queue-name.2=b"]) == ["requests", "b"])
        #expect(names(["--redis.request-queue-name.1=a", "--redis.request-queue-name.2=b"]) == ["a", "b"])
    }

    /// One of them would be dropped without a word.
    @Test
    func refusesTwoNamesForTheFirstQueue() {
        #expect(
            refusal(IngestSettings.self, ["--redis.request-queue-name", "a", "--redis.request-queue-name.1", "b"])
                == """
                Error: --redis.request-queue-name.1: the first queue is b here and a in --redis.request-queue-name, \
                which is the same flag; leave one of them out, or give b another number
                """)
        #expect(
            refusal(IngestSettings.self, ["--redis.request-queue-name", "a"], ["AP_REDIS_REQUEST_QUEUE_NAME_1": "b"])
                .hasPrefix("Error: AP_REDIS_REQUEST_QUEUE_NAME_1 (--redis.request-queue-name.1): the first queue is b"))
    }

    @Test
    func asksForTheFirstQueueWhereItHasNoDefault() {
        let project = ["--message-queue-impl=gcp-pubsub", "--pubsub.project-id=p", "--pubsub.result-topic-id=t"]
        #expect(
            refusal(IngestSettings.self, project + ["--pubsub.request-subscriber-id.2=b"])
                == """
                Error: --pubsub.request-subscriber-id: is missing; it names the first queue, and \
                --pubsub.request-subscriber-id.2 adds one to it
                """)
    }

    @Test
    func takesFlagsWithoutNumberForTheDefaultsOfAll() throws {
        let queues = try IngestSettings.parse(arguments: [
            "--redis.request-queue-name", "a", "--redis.inference-gateway", "http://g/all",
            "--redis.inference-objective", "common", "--redis.retry-queue-name", "later",
            "--redis.worker-pool-id", "engines",
            "--redis.result-queue-name", "out", "--redis.request-queue-name.2", "b",
            "--redis.inference-gateway.2", "http://g/b", "--redis.inference-objective.2=",
            "--redis.worker-pool-id.2=",
            "--redis.result-queue-name.2",
            "out-b", "--redis.retry-queue-name.2", "later-b",
        ]).server.queues
        #expect(queues.map(\.target) == [.url("http://g/all"), .url("http://g/b")])
        #expect(queues.map(\.objective) == ["common", ""])
        #expect(queues.map(\.pool) == ["engines", ""])
        #expect(queues.map(\.retryQueue) == ["later", "later-b"])
        #expect(queues.map(\.resultDestination) == [nil, "out-b"])
        #expect(queues.map(\.defaultResultDestination) == ["out", "out"])
    }

    @Test
    func readsNumberedVariables() {
        let environment = ["AP_REDIS_REQUEST_QUEUE_NAME_1": "a", "AP_REDIS_REQUEST_QUEUE_NAME_2": "b"]
        #expect(names([], environment) == ["a", "b"])
        #expect(names(["--redis.request-queue-name.2", "c"], environment) == ["a", "c"])
        #expect(names(["--redis.request-queue-name", "a"], environment) == ["a", "b"])
    }

    @Test
    func numbersTheQueuesOfOtherKindsToo() {
        #expect(
            names([
                "--message-queue-impl=sqlite", "--sqlite.request-queue-name.1=x", "--sqlite.request-queue-name.2=y",
            ])
                == ["x", "y"])
        #expect(names(["--sqlite.request-queue-name.2", "y"]) == ["request-queue"])
    }

    /// To Redis they are two keys.
    @Test
    func takesQueuesWhoseNamesDifferOnlyInTheirBytes() throws {
        let settings = try IngestSettings.parse(
            arguments: ["--redis.request-queue-name=caf\u{e9}", "--redis.request-queue-name.2=cafe\u{301}"],
            environment: [:])
        #expect(
            settings.server.queues.map { Array($0.name.utf8) } == [Array("caf\u{e9}".utf8), Array("cafe\u{301}".utf8)])
    }

    @Test(arguments: [
        (["--redis.request-queue-name.0", "a"], "--redis.request-queue-name.0: queues are numbered from 1"),
        (["--redis.request-queue-name.2"], "--redis.request-queue-name.2: a value is missing"),
        (["--redis.request-queue-name.2", "--redis.addr", "a"], "--redis.request-queue-name.2: a value is missing"),
        (["--redis.request-queue-name.2="], "--redis.request-queue-name.2: must not be empty"),
        (["--redis.inference-gateway.3", "http://g"], "--redis.request-queue-name.3: is missing"),
        (["--redis.inference-gateway.1", "g"], "--redis.inference-gateway.1: expected http://… or https://…"),
        (
            ["--redis.request-queue-name.1=a", "--redis.request-queue-name.2=a"],
            "--redis.request-queue-name.2: another queue has the name a"
        ),
        (["--concurrency.2", "4"], "Unknown option '--concurrency.2'"),
    ])
    func refusesNumbersThatMakeNoSense(arguments: [String], reason: String) {
        #expect(refusal(IngestSettings.self, arguments) == "Error: \(reason)")
    }
}
