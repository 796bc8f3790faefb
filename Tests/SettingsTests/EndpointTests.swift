import Testing

@testable import Settings

struct EndpointTests {
    @Test(arguments: [
        ("tcp://127.0.0.1:5557", "tcp://127.0.0.1:5557"), ("tcp://*:5557", "tcp://*:5557"),
        ("tcp://[::1]:80", "tcp://[::1]:80"), ("tcp://dispatch.ns.svc:65535", "tcp://dispatch.ns.svc:65535"),
        ("tcp://127.0.0.1:*", "tcp://127.0.0.1:*"), ("tcp://127.0.0.1:0", "tcp://127.0.0.1:*"),
        ("ipc:///run/ap/d", "ipc:///run/ap/d"), ("ipc://relative", "ipc://relative"),
    ])
    func reads(text: String, expected: String) throws {
        let endpoint = try Endpoint(text)
        #expect(endpoint.description == expected)
    }

    @Test(arguments: [
        "", "tcp", "tcp://", "tcp://h", "tcp://h:", "tcp://h:x", "tcp://h:+1", "tcp://h:65536", "tcp://h:-1",
        "tcp://:1",
        "tcp://a b:1", "tcp://::1:80", "tcp://[h]:80", "tcp://h/x:80", "ipc://", "udp://h:1", "TCP://h:1",
        "ipc:///" + String(repeating: "x", count: 107),
    ])
    func refuses(text: String) {
        #expect(throws: SettingsError.self) { try Endpoint(text) }
    }

    @Test(arguments: [
        ("tcp://*:1", true, false), ("tcp://0.0.0.0:1", true, false), ("tcp://[::]:1", true, false),
        ("tcp://127.0.1.1:1", false, true), ("tcp://localhost:1", false, true), ("tcp://[::1]:1", false, true),
        ("tcp://10.0.0.1:1", false, false), ("tcp://emit:1", false, false), ("ipc://x", false, true),
    ])
    func knowsWhoCanReachIt(text: String, isWildcard: Bool, isLocal: Bool) throws {
        let endpoint = try Endpoint(text)
        #expect(endpoint.isWildcard == isWildcard)
        #expect(endpoint.isLocal == isLocal)
    }

    @Test(arguments: [
        ("tcp://127.0.0.1:1", "tcp://127.0.0.1:1", true), ("tcp://*:1", "tcp://10.0.0.1:1", true),
        ("tcp://10.0.0.1:1", "tcp://0.0.0.0:1", true), ("tcp://10.0.0.1:1", "tcp://10.0.0.2:1", false),
        ("tcp://10.0.0.1:1", "tcp://10.0.0.1:2", false), ("tcp://*:0", "tcp://*:0", false),
        ("ipc://x", "ipc://x", true), ("ipc://x", "ipc://y", false), ("ipc://x", "tcp://x:1", false),
    ])
    func knowsWhatNobodyCanListenAtBeside(text: String, other: String, isSame: Bool) throws {
        #expect(try Endpoint(text).excludes(Endpoint(other)) == isSame)
    }

    @Test
    func bindsNamesThatZeroMQWouldNot() throws {
        let endpoint = try Checked.listening("tcp://localhost:5557")
        #expect(endpoint.description == "tcp://127.0.0.1:5557")
    }

    @Test
    func putsTheBindHostIntoTheDefaults() throws {
        let settings = try DispatchSettings.parse(arguments: ["--bind-host", "::1", "--acks", "ipc:///a"]).stage
        #expect(settings.listen?.description == "tcp://[::1]:5557")
        #expect(settings.acks?.description == "ipc:///a")
        #expect(settings.metricsHost == "::1")
    }

    @Test(arguments: [
        (["--dispatch", "tcp://dispatch:5557"], "--acks"),
        (["--dispatch", "tcp://127.0.0.1:1,tcp://10.0.0.1:1", "--acks", "ipc:///x"], "--acks"),
        (
            ["--dispatch", "tcp://dispatch:1", "--bind-host", "*", "--acks-advertise", "tcp://127.0.0.1:2"],
            "--acks-advertise"
        ),
    ])
    func refusesReportsThatCannotArrive(arguments: [String], flag: String) {
        let text = refusal(IngestSettings.self, arguments)
        #expect(text.hasPrefix("Error: \(flag): tcp://"))
        #expect(text.contains(" cannot report to "))
    }

    @Test(arguments: [
        ["--dispatch", "tcp://dispatch:5557", "--bind-host", "0.0.0.0"],
        ["--dispatch", "tcp://dispatch:5557", "--acks", "tcp://10.0.0.2:5566"],
        ["--dispatch", "tcp://dispatch:5557", "--acks-advertise", "tcp://ingest:5566"],
        ["--dispatch", "ipc:///d"], ["--dispatch", "tcp://localhost:5557"],
    ])
    func acceptsReportsThatCan(arguments: [String]) throws {
        let settings = try IngestSettings.parse(arguments: arguments)
        #expect(settings.stage.dispatch.count == 1)
    }
}
