import ArgumentParser
import Testing

@testable import Settings

struct HelpTests {
    /// The flags in a help text.
    private func flags(_ text: String) -> Set<String> {
        Set(
            text.split(separator: "\n").filter { $0.hasPrefix("  --") }
                .map { String($0.dropFirst(4).prefix { $0 != " " }) }
        ).subtracting(["version"])
    }

    private func everything<Kind: StageKind>(_ kind: Kind.Type) -> Set<String> {
        flags(StageCommand<Kind>.helpMessage(includeHidden: true))
    }

    @Test
    func knowsTheNameOfEveryFlagOfEveryStage() {
        let names = Set(FlagNames.all)
        #expect(names.count == FlagNames.all.count)
        #expect(everything(Ingest.self) == names)
        #expect(everything(Dispatch.self) == names)
        #expect(everything(Retry.self) == names)
        #expect(everything(Emit.self) == names)
        #expect(FlagNames.switches.isSubset(of: names))
    }

    @Test
    func showsWhatBelongsToTheStage() throws {
        let common: Set = [
            "pipeline", "bind-host", "metrics-host", "metrics-port", "tap", "tap-payloads", "drain-timeout",
            "stuck-after",
            "max-unacked-bytes", "log-level", "log-format",
        ]
        let retry = try #require(exit(RetrySettings.self, ["--help"]))
        #expect(retry.code == 0)
        #expect(
            flags(retry.text)
                == common.union([
                    "listen", "emit", "acks", "acks-advertise", "max-deliveries", "backoff", "backoff-base",
                    "backoff-max", "max-attempts", "retry-after-max",
                ]))
        let emit = try #require(exit(EmitSettings.self, ["-h"]))
        #expect(
            flags(emit.text)
                == common.union([
                    "listen", "result-payload", "message-queue-impl", "queues-config-file", "redis.addr", "redis.url",
                    "redis.retry-queue-name", "pubsub.project-id", "pubsub.result-topic-id",
                    "pubsub.result-ordering-key",
                    "sqlite.path",
                ]))
    }

    @Test
    func groupsTheFlagsBelowHeadings() throws {
        let text = try #require(exit(DispatchSettings.self, ["--help"])).text
        #expect(text.hasPrefix("OVERVIEW: Send requests to their gateways"))
        #expect(text.contains("\nUSAGE: dispatch [options]\n"))
        #expect(text.contains("\nLINKS:\n  --listen <endpoint>"))
        #expect(text.contains("\nDISPATCH:\n  --concurrency <n>       Requests at the gateway at once. (default: 8)\n"))
        #expect(!text.contains("\nREDIS:"))
        #expect(text.hasSuffix("\n"))
    }

    @Test
    func tellsOfNumbersWhereThereAreQueues() throws {
        let numbers = "--redis.request-queue-name.2"
        let ingest = try #require(exit(IngestSettings.self, ["--help"])).text
        #expect(ingest.contains("--help-hidden shows them.\n\n"))
        #expect(ingest.contains(numbers))
        #expect(exit(EmitSettings.self, ["--help"])?.text.contains(numbers) == true)
        #expect(exit(RetrySettings.self, ["--help"])?.text.contains("number behind a flag") == false)
    }

    /// A shell offers files for them.
    @Test(arguments: ["tls-ca-cert", "tls-cert", "tls-key", "gateway-token-file"])
    func completesTheNamesOfFiles(flag: String) {
        let script = StageCommand<Dispatch>.completionScript(for: .zsh)
        let line = script.split(separator: "\n").first { $0.contains("'--\(flag)[") }
        #expect(line?.contains(":_files") == true, "\(line ?? "no line")")
    }

    @Test
    func needsNoGoodEnvironmentForHelpAndVersion() {
        #expect(exit(EmitSettings.self, ["--help"], ["AP_LOG_LEVEL": "loud"])?.code == 0)
        #expect(
            exit(EmitSettings.self, ["--version"], ["AP_LOG_LEVEL": "loud"])
                == SettingsExit(text: "emit \(pipelineVersion)\n", code: 0))
    }

    @Test
    func saysTheVersionOfEveryStage() {
        #expect(exit(IngestSettings.self, ["--version"])?.text == "ingest \(pipelineVersion)\n")
        #expect(exit(DispatchSettings.self, ["-version"])?.text == "dispatch \(pipelineVersion)\n")
        #expect(exit(RetrySettings.self, ["--version"])?.text == "retry \(pipelineVersion)\n")
        #expect(exit(EmitSettings.self, ["--listen", "tcp://*:1", "--version"])?.text == "emit \(pipelineVersion)\n")
    }

    @Test
    func suggestsWhatAMistypedFlagMayMean() {
        #expect(
            refusal(IngestSettings.self, ["--redis.request-queue-nam", "q"])
                == "Error: Unknown option '--redis.request-queue-nam'. Did you mean '--redis.request-queue-name'?")
        #expect(
            refusal(DispatchSettings.self, ["-concurency=4"])
                == "Error: Unknown option '--concurency'. Did you mean '--concurrency'?")
    }

    /// Names are the contract, so a new default is a change that somebody has to mean.
    @Test(arguments: [
        ("redis.request-queue-name", "AP_REDIS_REQUEST_QUEUE_NAME"), ("listen", "AP_LISTEN"),
        ("tls-ca-cert", "AP_TLS_CA_CERT"),
    ])
    func namesTheVariableOfAFlag(flag: String, variable: String) {
        #expect(FlagNames.variable(of: flag) == variable)
    }

    @Test
    func givesNoTwoFlagsTheSameVariable() {
        #expect(Set(FlagNames.all.map(FlagNames.variable)).count == FlagNames.all.count)
    }
}
