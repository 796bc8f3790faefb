import Foundation
import Logging
import ServiceLifecycle

/// Does the stage's work; on shutdown drains it, for as long as the drain timeout allows.
struct WorkService: Service, CustomStringConvertible {
    let description = "work"
    let work: any StageWork
    let links: StageLinks
    let drain: DrainFlag
    let drainTimeout: Duration
    let logger: Logger

    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await work.run() }
            try? await gracefulShutdown()
            drain.set()
            logger.info("Draining", metadata: ["timeout": "\(drainTimeout)"])
            if await !finishes(within: drainTimeout, work.drain) {
                logger.warning("The drain timeout is over; what is left goes on elsewhere")
                await work.abandon()
            }
            await links.leave()
            group.cancelAll()
        }
    }
}

/// Keeps the gauges of a stage fresh enough for whoever reads them.
struct GaugeService: Service, CustomStringConvertible {
    let description = "gauges"
    let status: StageStatus

    func run() async {
        await cancelWhenGracefulShutdown {
            while (try? await Task.sleep(for: .seconds(2))) != nil { await status.refresh() }
        }
    }
}

/// Keeps the addresses of the links' peers up to date.
struct AddressService: Service, CustomStringConvertible {
    let description = "addresses"
    let links: StageLinks

    func run() async throws {
        let error = await cancelWhenGracefulShutdown { await links.resolve() }
        if let error { throw error }
    }
}

/// Calls `stop` on the first SIGTERM or SIGINT, also one that came before; the second ends the process at once, with
/// status 1.
func withSignals(
    _ logger: Logger, _ stop: @escaping @Sendable () async -> Void, during body: () async throws -> Void
) async throws {
    let signals = TerminationSignals.stream()
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
            var isStopping = false
            for await signal in signals {
                if isStopping {
                    logger.warning("Stopped at once by a second signal", metadata: ["signal": "\(signal)"])
                    exit(1)
                }
                isStopping = true
                await stop()
            }
        }
        try await body()
        group.cancelAll()
    }
}
