import Foundation
import Testing

@testable import Settings

/// Whatever makes no sense ends the program with 64 before anything starts, and says what it was.
struct RefusalTests {
    @Test(arguments: [
        (["--concurrency", "-1"], "'--concurrency <n>': must be from 1 to 1000000"),
        (["--max-in-flight=-1"], "'--max-in-flight': must be at least 0"),
        (["--request-timeout", "0"], "'--request-timeout <seconds>': must be more than 0"),
        (["--request-timeout", "1e300"], "'--request-timeout <seconds>': must be at most 1000000000"),
        (["--drain-timeout", "-1"], "'--drain-timeout <seconds>': must not be negative"),
        (["--max-unacked-bytes", "0"], "'--max-unacked-bytes <bytes>': must be at least 1"),
        (["--metrics-port", "65536"], "'--metrics-port <port>': must be from 0 to 65535"),
        (["--bind-host", "a b"], "'--bind-host <host>': expected a host name, an address ([…] around IPv6) or *"),
        (["--listen", "http://h:1"], "'--listen <endpoint>': expected tcp://HOST:PORT or ipc://PATH"),
        (["--emit", "tcp://*:5559"], "'--emit <endpoint,…>': a wildcard names no peer"),
        (["--acks-advertise", "tcp://0.0.0.0:1"], "'--acks-advertise <endpoint>': a wildcard names no peer"),
        (
            ["--pipeline", "a b"],
            "'--pipeline <name>': expected 1 to 63 letters, digits, points, dashes and underscores"
        ),
        (["--pipeline", ""], "'--pipeline <name>': expected 1 to 63 letters"),
        (["--log-level", "loud"], "'--log-level <level>': expected one of trace, debug, info, notice, warning"),
        (["--log-format", "xml"], "'--log-format <format>'"),
        (["--backoff", "linear"], "'--backoff'"),
        (["--request-merge-policy", "fair"], "'--request-merge-policy'"),
        (["--message-queue-impl", "kafka"], "'--message-queue-impl'"),
        (["--redis.addr", "host:0"], "'--redis.addr': expected a port from 1 to 65535 after the host"),
    ])
    func refusesValuesAndNamesTheirFlag(arguments: [String], reason: String) {
        let text = refusal(DispatchSettings.self, arguments)
        #expect(text.hasPrefix("Error: The value '"))
        #expect(text.contains(" is invalid for \(reason)"))
    }

    @Test(arguments: ["", "8.5", "+8", "0", "11", "-1", "1e1", "99999999999999999999"])
    func refusesNumbers(text: String) {
        #expect(throws: (any Error).self) { try Checked.integer(1...10)(text) }
    }

    @Test(arguments: ["", "5m", "nan", "inf", "-0.1", "2e9"])
    func refusesTimes(text: String) {
        #expect(throws: (any Error).self) { try Checked.seconds(moreThanZero: false)(text) }
    }

    @Test(arguments: ["tcp://h:0", "tcp://[::]:1", "tcp://h:1,tcp://h:1", "tcp://h:1,", "", ",tcp://h:1"])
    func refusesPeers(text: String) {
        #expect(throws: (any Error).self) { try Checked.peers(text) }
    }

    @Test(arguments: [
        (["--no-such-flag"], "Unknown option '--no-such-flag'"),
        (["word"], "Unexpected argument 'word'"),
        (["--backoff-base"], "Missing value for '--backoff-base <seconds>'"),
        (["--redis.retry-queue-name="], "Missing value for '--redis.retry-queue-name'"),
        (["--backoff-base", "10", "--backoff-max", "5"], "--backoff-max: must not be less than --backoff-base"),
    ])
    func refusesWhatIsNoFlagAtAll(arguments: [String], reason: String) {
        #expect(refusal(RetrySettings.self, arguments).hasPrefix("Error: " + reason))
    }

    @Test(arguments: [
        (["--listen", "tcp://10.0.0.1:7", "--acks", "tcp://10.0.0.1:7"], "--acks: tcp://10.0.0.1:7 is where --listen"),
        (["--acks", "ipc:///run/a", "--tap", "ipc:///run/a"], "--tap: ipc:///run/a is where --acks listens already"),
        (["--tap", "tcp://127.0.0.1:7", "--metrics-port", "7"], "--metrics-port: tcp://127.0.0.1:7 is where --tap"),
    ])
    func refusesOneAddressForTwo(arguments: [String], reason: String) {
        #expect(refusal(DispatchSettings.self, arguments).hasPrefix("Error: " + reason))
    }

    @Test(arguments: [
        (["--urgent-stretch", "2"], "2.0"), (["--urgent-stretch", "3", "--slack-stretch", "3.5"], "3.5"),
    ])
    func refusesAnUrgencyThatAllowsLess(arguments: [String], stretch: String) {
        #expect(
            refusal(DispatchSettings.self, arguments)
                == "Error: --urgent-stretch: must be more than --slack-stretch, which is \(stretch)")
    }

    @Test(arguments: [
        (["--tls-cert", "FILE"], "--tls-cert: needs --tls-key"),
        (["--tls-key", "FILE"], "--tls-key: needs --tls-cert"),
        (["--gateway-token-file", "/no/such"], "--gateway-token-file: there is no file /no/such"),
        (["--tls-ca-cert", "/tmp"], "--tls-ca-cert: the file /tmp cannot be read"),
    ])
    func refusesFilesThatDoNotServe(arguments: [String], reason: String) throws {
        try withFile("x") { path in
            let text = refusal(DispatchSettings.self, arguments.map { $0 == "FILE" ? path : $0 })
            #expect(text == "Error: \(reason)")
        }
    }

    @Test
    func takesACertificateWithItsKey() throws {
        try withFile("x") { path in
            let settings = try DispatchSettings.parse(arguments: ["--tls-cert", path, "--tls-key", path])
            #expect(settings.tlsCertificate == path)
            #expect(settings.tlsKey == path)
        }
    }

    @Test(arguments: [
        ["--redis.inference-gateway", "gateway:8000"], ["--redis.inference-gateway", "ftp://g/"],
        ["--redis.inference-gateway", "http://"], ["--redis.inference-gateway", "http://g:99999/"],
        ["--redis.inference-gateway", "http://g/a b"],
    ])
    func refusesGatewaysThatAreNoURL(arguments: [String]) {
        #expect(refusal(IngestSettings.self, arguments).hasPrefix("Error: --redis.inference-gateway: "))
    }

    @Test
    func letsStagesWithoutAQueueIgnoreWhatOnlyQueuesNeed() throws {
        let arguments = ["--queues-config-file", "/no/such", "--redis.inference-gateway", "x", "--redis.url", "x"]
        let settings = try DispatchSettings.parse(arguments: arguments)
        #expect(settings.concurrency == 8)
        let retry = try RetrySettings.parse(arguments: arguments)
        #expect(retry.maxAttempts == 0)
    }

    @Test(arguments: [
        ([], "--pubsub.project-id: is missing"),
        (["--pubsub.project-id", "p"], "--pubsub.result-topic-id: is missing"),
        (["--pubsub.project-id", "p", "--pubsub.result-topic-id", "t"], "--pubsub.request-subscriber-id: is missing"),
        (
            ["--pubsub.project-id", "p", "--pubsub.result-topic-id", "t", "--pubsub.request-subscriber-id", "s"],
            "--pubsub.inference-gateway: is missing"
        ),
    ])
    func saysWhatPubSubNeeds(arguments: [String], reason: String) {
        #expect(refusal(IngestSettings.self, ["--message-queue-impl=gcp-pubsub"] + arguments) == "Error: \(reason)")
    }

    @Test(arguments: [
        ("/", "/ is a folder"), ("/tmp/", "/tmp/ is a folder"), ("/nowhere/q.db", "there is no folder /nowhere"),
        (
            "file:q.db?mode=memory",
            "expected the path of a file; 'file:q.db?mode=memory' means something else to SQLite"
        ),
        (":memory:", "expected the path of a file; ':memory:' means something else to SQLite"),
        ("/dev/null", "/dev/null is no SQLite database"), ("/etc/passwd", "/etc/passwd is no SQLite database"),
    ])
    func refusesPathsThatCannotBeADatabase(path: String, reason: String) {
        let arguments = ["--message-queue-impl", "sqlite", "--sqlite.path", path]
        #expect(refusal(IngestSettings.self, arguments) == "Error: --sqlite.path: \(reason)")
        #expect(refusal(EmitSettings.self, arguments) == "Error: --sqlite.path: \(reason)")
        // The other kinds do not look at it.
        #expect(exit(EmitSettings.self, ["--sqlite.path", path]) == nil)
    }

    @Test
    func acceptsADatabaseThatDoesNotExistYet() {
        let arguments = ["--message-queue-impl", "sqlite", "--sqlite.path"]
        #expect(exit(IngestSettings.self, arguments + ["no-such.db"]) == nil)
        #expect(exit(IngestSettings.self, arguments + ["/tmp/no-such.db"]) == nil)
    }

    @Test
    func namesWhatTheProgramItselfRefuses() {
        let end = #expect(throws: SettingsExit.self) {
            try EmitSettings.parse(arguments: [], environment: ["AP_REDIS_ADDR": "h:1"]) {
                settings throws(SettingsError) in
                throw SettingsError(settings.server.redisSource, "no")
            }
        }
        #expect(end?.text.hasPrefix("Error: AP_REDIS_ADDR (--redis.addr): no\n") == true)
        #expect(end?.code == 64)
    }

    @Test(arguments: [
        (
            ["--redis.result-queue-name=request-sortedset"],
            "request-sortedset is both the request set and the result list"
        ),
        (
            ["--redis.retry-queue-name=q", "--redis.request-queue-name=q"],
            "q is both the request set and the retry set"
        ),
        (["--redis.result-queue-name=retry-sortedset"], "retry-sortedset is both the retry set and the result list"),
        (
            ["--redis.request-queue-name=a", "--redis.request-queue-name.2=b", "--redis.retry-queue-name.2=a"],
            "a is both"
        ),
        (["--redis.result-queue-name=async:q:state"], "async:q:state is where requests are kept"),
        (["--redis.result-queue-name=request-sortedset:dead-letter"], "request-sortedset:dead-letter is both"),
    ])
    func refusesNamesForTwoPurposes(arguments: [String], reason: String) {
        let arguments = ["--message-queue-impl=redis-sortedset"] + arguments
        for text in [refusal(IngestSettings.self, arguments), refusal(EmitSettings.self, arguments)] {
            #expect(text.contains(reason), "\(text)")
        }
    }

    @Test
    func refusesResultsOnTheRequestChannel() {
        let text = refusal(IngestSettings.self, ["--redis.result-queue-name=request-queue"])
        #expect(text.contains("request-queue is both the request channel and the result channel"))
    }
}
