import Foundation
import Logging
import Loop
import ServiceLifecycle
import Settings
import Synchronization

/// Does the stage's work; on shutdown drains it, for as long as the drain timeout allows.
struct WorkService: Service, CustomStringConvertible {
    let description = "work"
    let work: any StageWork
    let links: StageLinks
    let drain: Drain
    let drainTimeout: Duration
    /// How often it says how far the drain is.
    var wordInterval = Duration.seconds(5)
    let logger: Logger

    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await work.run() }
            try? await gracefulShutdown()
            drain.set(until: .now + drainTimeout)
            let left = await links.unfinished
            logger.info("Draining", metadata: ["timeout": "\(drainTimeout)", "left": "\(left)"])
            group.addTask { await tellProgress() }
            if await !finishes(within: drainTimeout, work.drain) {
                let left = await links.unfinished
                logger.warning(
                    "The drain timeout is over; what is left goes on elsewhere", metadata: ["left": "\(left)"])
                await work.abandon()
            }
            await links.leave()
            group.cancelAll()
        }
    }
}

extension WorkService {
    private func tellProgress() async {
        let end = ContinuousClock.now + drainTimeout
        while (try? await Task.sleep(for: wordInterval)) != nil {
            let (left, seconds) = (await links.unfinished, max(0, Int((end - .now) / .seconds(1))))
            logger.info("Still draining", metadata: ["left": "\(left)", "given_up_in": "\(seconds) s"])
        }
    }
}

/// Keeps the gauges of a stage fresh enough for their readers, and logs when descriptors are used up.
struct GaugeService: Service, CustomStringConvertible {
    let description = "gauges"
    let status: StageStatus
    let descriptorLimit: Int
    let logger: Logger

    func run() async {
        await cancelWhenGracefulShutdown {
            var descriptors = DescriptorWatch()
            while (try? await Task.sleep(for: .seconds(2))) != nil {
                await status.refresh()
                descriptors.look(areUsedUp: Descriptors.areUsedUp)?.log(logger, limit: descriptorLimit)
            }
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

/// Calls `stop` on the first SIGTERM or SIGINT, also one that came before this call.
///
/// Another one, unless it comes within a second, ends the process at once, with status 1. Other signals are logged once
/// each and do nothing.
func withSignals(
    _ logger: Logger, _ stop: @escaping @Sendable () async -> Void, during body: () async throws -> Void
) async throws {
    let (wishes, wish) = AsyncStream.makeStream(of: Void.self)
    let meaning = Mutex(SignalMeaning())
    TerminationSignals.forEach { signal, time in
        switch meaning.withLock({ $0.take(signal, at: time) }) {
        case .drain: wish.yield()
        case .same, .unknownAgain: break
        case .unknown:
            logger.notice("A signal that means nothing here is ignored", metadata: ["signal": "\(signal)"])
        case .endNow:
            logger.warning("Stopped at once by a second signal", metadata: ["signal": "\(signal)"])
            LogWriter.flush(within: .milliseconds(200))
            // Nothing is left to do, and exit(3) may wait for threads that hang.
            _exit(1)
        }
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { for await _ in wishes { await stop() } }
        try await body()
        group.cancelAll()
    }
}
