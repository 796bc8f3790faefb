import Links
import Loop
import Messages
import PipelineMetrics
import Settings
import Testing

@testable import Stage

/// Links as a stage makes them from its settings.
@PipelineActor
struct StageWiringTests {
    private let folder: SocketFolder
    private let log = LogLines()

    init() throws { folder = try SocketFolder() }

    private func stage(_ settings: StageSettings) throws -> Stage {
        let registry = MetricsRegistry()
        return Stage(
            settings: settings, logger: log.logger, registry: registry,
            links: try StageLinks(registry: registry, logger: log.logger), tracer: nil)
    }

    private func ingest(_ arguments: String...) throws -> Stage {
        try stage(
            IngestSettings.parse(
                arguments: ["--dispatch", folder["dispatch"], "--acks", folder["ingest-acks"]] + arguments
            ).stage)
    }

    private func dispatch(_ arguments: String...) throws -> Stage {
        try stage(
            DispatchSettings.parse(
                arguments: [
                    "--listen", folder["dispatch"], "--retry", folder["retry"], "--emit", folder["emit"], "--acks",
                    folder["dispatch-acks"],
                ] + arguments
            ).stage)
    }

    /// Runs the links of these stages until the condition holds.
    private func run(_ stages: [Stage], until condition: () -> Bool) async throws {
        let resolving = stages.map { stage in
            stage.links.start()
            return Task { _ = await stage.links.resolve() }
        }
        defer { for task in resolving { task.cancel() } }
        try await wait(until: condition)
        for stage in stages { await stage.links.leave() }
    }

    @Test(.timeLimit(.minutes(1)))
    func bringsARequestFromIngestToDispatch() async throws {
        let (first, second) = (try ingest(), try dispatch())
        let (link, incoming) = (try first.outgoing(to: .dispatch), try second.incoming())
        #expect([link.name, incoming.name] == ["ingest-dispatch", "ingest-dispatch"])
        #expect(first.links.ackAddress == folder["ingest-acks"])
        var done: [Origin] = []
        link.onDone = { done.append($0) }
        incoming.wantedRoom = { 10 }
        incoming.onMessage = { [weak incoming] _, ticket in incoming?.finish(ticket) }
        link.send(1...1)
        try await run([first, second]) { done == [.lease(1)] }
        #expect(first.links.problems == [] && second.links.problems == [])
    }

    @Test(.timeLimit(.minutes(1)))
    func keepsPipelinesApartByTheirNames() async throws {
        let (first, second) = (try ingest("--pipeline", "blue"), try dispatch("--pipeline", "green"))
        let (link, incoming) = (try first.outgoing(to: .dispatch), try second.incoming())
        incoming.wantedRoom = { 10 }
        link.send(1...1)
        try await run([first, second]) { !link.problems.isEmpty && !incoming.problems.isEmpty }
        #expect(link.problems.first?.text.contains("is a dispatch of pipeline green, not of pipeline blue") == true)
        #expect(link.totals.sent == 0)
    }

    @Test
    func opensOneSocketForTheReportsOfAllItsLinks() throws {
        let stage = try dispatch("--acks-advertise", "tcp://10.0.0.7:5567")
        let links = [try stage.outgoing(to: .retry), try stage.outgoing(to: .emit)]
        #expect(links.map(\.name) == ["dispatch-retry", "dispatch-emit"])
        #expect(stage.links.ackAddress == "tcp://10.0.0.7:5567")
        #expect(stage.links.linksWithoutPeer == ["dispatch-retry", "dispatch-emit"])
        #expect(log("Reports arrive here").map { $0["bound"] } == [folder["dispatch-acks"]])
    }

    @Test
    func namesTheIncomingLinkAfterAllWhoSendThere() throws {
        let retry = try stage(RetrySettings.parse(arguments: ["--listen", folder["retry"]]).stage)
        #expect(try retry.incoming().name == "dispatch-retry")
        let emit = try stage(EmitSettings.parse(arguments: ["--listen", folder["emit"]]).stage)
        #expect(try emit.incoming().name == "dispatch+retry-emit")
    }

    @Test(.timeLimit(.minutes(1)))
    func letsSmallResultsPassLargeOnesOnTheWayToEmit() async throws {
        let stage = try dispatch()
        let (toEmit, toRetry) = (try stage.outgoing(to: .emit), try stage.outgoing(to: .retry))
        let emit = try ReceivingEnd(folder["emit"]) { $0.payload.count > 100 ? .keep : .finish }
        let retry = try ReceivingEnd(folder["retry"]) { $0.payload.count > 100 ? .keep : .finish }
        for link in [toEmit, toRetry] {
            for number in 1...2 as ClosedRange<UInt64> {
                link.send(request(Int(number), bytes: 9 << 20), from: .lease(number))
            }
            link.send(3...5)
        }
        try await run([stage]) { emit.ids.count == 4 && retry.ids.count == 5 }
        #expect(Set(emit.ids) == ["1", "3", "4", "5"])
        #expect(retry.ids == ["1", "2", "3", "4", "5"])
        await emit.end()
        await retry.end()
    }
}
