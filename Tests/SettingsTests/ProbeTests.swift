import Testing
@testable import Settings
struct ProbeTests {
    @Test func probe() {
        let clock = ContinuousClock()
        let t = clock.now
        for _ in 0..<10 { _ = try? DispatchSettings.parse(arguments: ["--concurrency", "2"]) }
        print("PARSE", clock.now - t)
        print(exit(DispatchSettings.self, ["--help"])!.text)
        print(exit(IngestSettings.self, ["--help"])!.text)
        for a in [["--concurrency","0"],["--concurrency","x"],["-concurency","3"],["--listen","tcp://x"],["--redis.request-queue-nam","x"],["--log-level","x"],["--request-timeout=0"],["--version"],["--tls-insecure-skip-verify=maybe"],["--message-queue-impl","x"],["--redis.request-queue-nam.2","x"],["--concurrency"],["--concurrency","-1"], ["extra"], ["--redis.url"]] {
            print(a, exit(DispatchSettings.self, a)?.code as Any, exit(DispatchSettings.self, a)?.text ?? "ok")
        }
        print(exit(DispatchSettings.self, [], ["AP_CONCURRENCY":"0"])?.text ?? "ok")
        print(exit(DispatchSettings.self, [], ["AP_MESSAGE_QUEUE_IMPL":"x"])?.text ?? "ok")
        print(exit(DispatchSettings.self, ["--concurrency","2", "--concurrency", "3"])?.text ?? "ok")
    }
}
