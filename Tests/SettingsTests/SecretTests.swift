import Messages
import Testing

@testable import Settings

struct SecretTests {
    @Test
    func isNeverShown() {
        let secret = Secret("hunter2")
        #expect("\(secret)" == "set")
        #expect(String(reflecting: secret) == "set")
        var dumped = ""
        dump(["url": secret], to: &dumped)
        #expect(!dumped.contains("hunter2"))
        #expect("\(Secret(""))" == "none")
        #expect(secret.value == "hunter2")
    }

    @Test(arguments: [
        ("redis://localhost:6379/0", "redis://localhost:6379/0"),
        ("redis://:hunter2@h:1/2", "redis://:***@h:1/2"),
        ("redis://user:hunter2@h", "redis://user:***@h"),
        ("redis://user:hunter2/with@both@h", "redis://user:***@h"),
        ("redis://user@h", "redis://user@h"),
        ("https://g/v1?key=hunter2", "https://g/v1?***"),
        ("localhost:6379", "localhost:6379"),
    ])
    func hidesPasswordsInURLs(url: String, shown: String) {
        #expect(redacted(url) == shown)
    }

    @Test
    func staysOutOfTheDescription() throws {
        let settings = try IngestSettings.parse(arguments: [
            "--redis.url", "redis://u:hunter2@h", "--redis.inference-gateway", "http://u:hunter2@g/v1",
        ])
        let text = settings.describe().map { "\($0.name)=\($0.value)" }.joined(separator: "\n")
        #expect(!text.contains("hunter2"))
        #expect(text.contains("--redis.url=redis://u:***@h"))
        #expect(text.contains("queue.1=request-queue to http://u:***@g/v1, results to result-queue"))
    }

    @Test(arguments: [
        ["--redis.url", "rediss://u:hunter2@h"], ["--redis.url", "hunter2"],
        ["--redis.inference-gateway", "ftp://u:hunter2@g"],
        ["--redis.inference-gateway.1", "http://u:hunter2@:x/"],
    ])
    func staysOutOfErrors(arguments: [String]) {
        let text = exit(IngestSettings.self, arguments)?.text ?? ""
        #expect(text.contains(arguments[0]))
        #expect(!text.contains("hunter2"))
    }

    @Test
    func describesEachStageByItsFlags() throws {
        let dispatch = try DispatchSettings.parse(arguments: ["--tap", "ipc:///t", "--tap-payloads"]).describe()
        let values = Dictionary(uniqueKeysWithValues: dispatch.map { ($0.name, $0.value) })
        #expect(values["--listen"] == "tcp://127.0.0.1:5557")
        #expect(values["--request-timeout"] == "300")
        #expect(values["--drain-timeout"] == "330")
        #expect(values["--tap-payloads"] == "true")
        #expect(values["--dispatch"] == nil)
        let retry = try RetrySettings.parse(arguments: []).describe()
        #expect(retry.contains { $0 == ("--backoff-max", "60") })
        let emit = try EmitSettings.parse(arguments: []).describe()
        #expect(emit.contains { $0 == ("--result-payload", "text") })
        #expect(!emit.contains { $0.name == "--acks" })
        for (name, _) in dispatch { #expect(FlagNames.all.contains(String(name.dropFirst(2)))) }
    }
}
