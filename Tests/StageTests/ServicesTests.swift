import Links
import Logging
import Loop
import Messages
import PipelineMetrics
import ServiceLifecycle
import Synchronization
import Testing

@testable import Stage

/// What runs for as long as a stage does.
@PipelineActor
struct ServicesTests {
    private let folder: SocketFolder
    private let log = LogLines()
    private let work = PlainWork()

    init() throws { folder = try SocketFolder() }

    private func group(_ service: any Service) -> ServiceGroup {
        let quiet = Logger(label: "group") { _ in SwiftLogNoOpLogHandler() }
        let configuration = ServiceGroupConfiguration.ServiceConfiguration(
            service: service, successTerminationBehavior: .gracefullyShutdownGroup)
        return ServiceGroup(configuration: ServiceGroupConfiguration(services: [configuration], logger: quiet))
    }

    /// Runs the work of a stage that is stopped once it has begun.
    private func stop(
        _ links: StageLinks, _ drain: Drain, timeout: Duration, wordInterval: Duration = .seconds(5)
    ) async throws {
        let group = group(
            WorkService(
                work: work, links: links, drain: drain, drainTimeout: timeout, wordInterval: wordInterval,
                logger: log.logger))
        async let end: Void = group.run()
        try await wait { work.calls == ["run"] }
        #expect(!drain.isSet)
        await group.triggerGracefulShutdown()
        try await end
    }

    @Test(.timeLimit(.minutes(1)))
    func drainTheWorkBeforeItIsStoppedAndSayGoodbye() async throws {
        let receiver = try ReceivingEnd(folder["a"])
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"]])
        link.send(1...1)
        try await wait { sender.done == [1] }
        let drain = Drain()
        try await stop(sender.links, drain, timeout: .seconds(30))
        #expect(drain.isSet)
        #expect(work.calls == ["run", "drain", "stopped"])
        #expect(log().map(\.message) == ["Draining"])
        try await wait {
            receiver.incoming?.sessionStatus.contains { !$0.isLive && $0.silence < LinkTiming.lost } == true
        }
        await receiver.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func abandonTheWorkWhenTheTimeForDrainingIsOver() async throws {
        let (sender, _) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"]])
        work.state.withLock { $0.drains = false }
        try await stop(sender.links, Drain(), timeout: .milliseconds(50))
        #expect(work.calls == ["run", "drain", "abandon", "stopped"])
        #expect(
            log().map(\.message) == ["Draining", "The drain timeout is over; what is left goes on elsewhere"])
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func sayHowFarTheDrainIs() async throws {
        let receiver = try ReceivingEnd(folder["a"]) { _ in .keep }
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"]])
        link.send(1...3)
        try await wait { receiver.held.count == 3 }
        work.state.withLock { $0.drains = false }
        async let end: Void = stop(sender.links, Drain(), timeout: .seconds(50), wordInterval: .milliseconds(20))
        try await wait { log().count { $0.message == "Still draining" } >= 2 }
        work.state.withLock { $0.drains = true }
        try await end
        let lines = log()
        #expect(lines.allSatisfy { $0["left"] == "3" }, "\(lines)")
        await receiver.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func endWithAPeerThatCouldNeverReportHere() async throws {
        let links = try StageLinks(registry: .init(), logger: log.logger)
        try links.bindAcks("tcp://127.0.0.1:*", advertise: nil)
        _ = links.outgoing("ingest-dispatch", to: ["tcp://192.0.2.1:5557"], maxDeliveries: 5)
        let error = await #expect(throws: LinkError.self) { try await group(AddressService(links: links)).run() }
        #expect(error?.description.contains("192.0.2.1") == true)
    }

    @Test(.timeLimit(.minutes(1)))
    func keepGaugesFresh() async throws {
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"]])
        link.send(1...2)
        let status = StageStatus(
            stage: "ingest", version: "1", settings: [:], links: sender.links, work: work,
            stalls: StallMetrics(registry: sender.registry),
            liveness: Liveness(stuckAfter: nil, registry: sender.registry), drain: Drain())
        let open = sender.registry.gauge("async_processor_link_open", help: "", labels: [("link", "ingest-dispatch")])
        let lonely = sender.registry.gauge(
            "async_processor_stalled", help: "", labels: [("reason", StallReason.noPeers.rawValue)])
        #expect(open.value == 0)
        let group = group(GaugeService(status: status, descriptorLimit: 100, logger: log.logger))
        async let end: Void = group.run()
        try await wait { open.value == 2 && lonely.value == 1 }
        await group.triggerGracefulShutdown()
        try await end
        await sender.end()
    }
}

struct DescriptorLinesTests {
    @Test
    func nameTheLimitWhenDescriptorsAreUsedUp() {
        let log = LogLines()
        DescriptorWatch.Change.usedUp.log(log.logger, limit: 1024)
        DescriptorWatch.Change.back.log(log.logger, limit: 1024)
        #expect(
            log().map(\.message) == [
                "No file descriptor is left; what needs one is tried again", "There are file descriptors again",
            ])
        #expect(log().first?["limit"] == "1024")
    }
}
