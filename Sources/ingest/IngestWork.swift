import Intake
import Loop
import Messages
import PipelineMetrics
import Queue
import Stage
import Status

/// The work of the ingest process, from its first lease to its last settlement.
struct IngestWork: StageWork {
    let ingester: Ingester
    let readers: [QueueReader]

    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await readUntilDrained() }
            for reader in readers {
                group.addTask { await reader.renewLeases() }
                group.addTask { await reader.watchBacklog() }
                group.addTask { await reader.watchStore() }
            }
        }
    }

    /// Reading ends with the drain; leases are renewed for as long as requests are in the pipeline.
    private func readUntilDrained() async {
        await withTaskGroup(of: Void.self) { group in
            for reader in readers {
                group.addTask(executorPreference: PipelineActor.taskExecutor) { await reader.read() }
            }
            await ingester.waitUntilDraining()
            group.cancelAll()
        }
    }

    func drain() async {
        await release(ingester.beginDrain())
        for reader in readers { await (reader.source as? any BufferingSource)?.stop() }
        while await !ingester.isEmpty, !Task.isCancelled {
            await release(ingester.takeUnsent())
            try? await Task.sleep(for: .milliseconds(20))
        }
        await release(ingester.takeUnsent())
        await ingester.gates?.stop()
    }

    /// Requests in the pipeline may still settle: their leases get their full length once more, and another ingest
    /// takes over those that do not settle.
    func abandon() async {
        for reader in readers { await reader.renewAll() }
    }

    func queueState() async -> QueueHealth {
        for reader in readers {
            // Not the result of its last call: after an outage that call is a lease, which waits until a request comes.
            if case .unreachable(let reason) = await reader.source.health() {
                return .unreachable(reason: "\(reader.settings.name): \(reason)")
            }
        }
        return .reachable
    }

    func counts() async -> [String: Int] {
        let counters = readers.compactMap { $0.source as? any CountingSource }.flatMap(\.counters)
        return await counters.reduce(into: ingester.counts) { $0[$1.name, default: 0] += $1.read() }
    }

    func problems() async -> [WiringProblem] {
        await ingester.gateways.map { WiringProblem(gateway: $0, isBlocking: false) }
    }

    func gatewayStatus() async -> [StatusReport.Gateway] {
        await ingester.gateways.map(StatusReport.Gateway.init)
    }

    func gateStatus() async -> [StatusReport.Gate] { await ingester.gates?.statuses ?? [] }

    func queueStatus() async -> [StatusReport.Queue] { readers.compactMap(\.backlog.status) }

    func held(id: ExactText) async -> [HeldRequest] { await ingester.held(id: id) }

    func updateMetrics() async { await ingester.updateMetrics() }

    /// Names the window if that is what has no room.
    func notes() async -> [String] {
        guard await ingester.stall == .noRoom else { return [] }
        return await ingester.admission.limitsReached.map {
            "as many requests are leased and not settled as \($0) allows"
        }
    }

    func waits() async -> Bool { readers.contains(where: \.backlog.isWaiting) }

    func stall() async -> StallReason? { await ingester.stall }

    private func release(_ receipts: [[Receipt]]) async {
        for (reader, receipts) in zip(readers, receipts) { await reader.release(receipts) }
    }
}
