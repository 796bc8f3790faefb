import Foundation
import TestServers

/// Does to a plant what a schedule says, and writes down what it did.
actor FaultDriver {
    private let plant: Plant
    private let queue: any QueueUnderTest
    private let clock: RunClock
    private let log: RunLog
    private(set) var disturbances: [Disturbance] = []
    /// What did not go as it must.
    private(set) var failures: [String] = []
    private var isEnded = false

    init(plant: Plant, queue: any QueueUnderTest, clock: RunClock, log: RunLog) {
        self.plant = plant
        self.queue = queue
        self.clock = clock
        self.log = log
    }

    /// - Parameter start: the moment from which the schedule counts.
    func run(_ schedule: Schedule, from start: Duration) async throws {
        for entry in schedule.entries {
            let wait = start + entry.at - clock.now
            if wait > .zero { try await Task.sleep(for: wait) }
            try await perform(entry.fault)
        }
    }

    func perform(_ fault: Fault) async throws {
        log.write("\(fault)")
        let began = clock.now
        switch fault {
        case .kill(let names, let restart):
            try await plant.kill(names)
            let complete = clock.now
            if restart == .atOnce { try await plant.start(names) }
            note(.killed, names, began, complete)
        case .terminate(let names):
            failures += try await plant.terminate(names)
            let complete = clock.now
            try await plant.start(names)
            note(.drained, names, began, complete)
        case .freeze(let names, let time):
            try await plant.freeze(names)
            let complete = clock.now
            try await Task.sleep(for: time)
            try await plant.thaw(names)
            note(.frozen, names, began, complete)
        case .scale(let kind, let count):
            try await scale(kind, to: count)
            note(.scaled, [], began)
        case .serverAway, .freezeServer: try await takeServerAway(fault, began)
        case .links(let road, let trouble): try await disturb(road, trouble, began)
        }
    }

    private func note(
        _ kind: Disturbance.Kind, _ victims: [String] = [], on road: Fault.Road? = nil, _ began: Duration,
        _ complete: Duration? = nil
    ) {
        disturbances.append(
            Disturbance(
                kind, victims: victims, on: road, began: began, complete: complete ?? began, ended: clock.now))
        log.write("\(kind) \(victims.joined(separator: " ")): over after \(clock.now - began)")
    }

    private func scale(_ kind: StageKind, to count: Int) async throws {
        let running = await plant.running(kind)
        try await plant.start(kind.names(count).filter { !running.contains($0) })
        failures += try await plant.terminate(running.filter { !kind.names(count).contains($0) })
    }

    private func takeServerAway(_ fault: Fault, _ began: Duration) async throws {
        guard let server = queue.server else { return }
        switch fault {
        case .serverAway(let time, let kill):
            if kill { server.kill() } else { server.stop() }
            let complete = clock.now
            try await Task.sleep(for: time)
            try await server.start()
            note(.serverAway, [], began, complete)
        case .freezeServer(let time):
            server.freeze()
            try await Task.sleep(for: time)
            server.thaw()
            note(.serverFrozen, [], began)
        default: break
        }
    }

    private func disturb(_ road: Fault.Road, _ trouble: Fault.Trouble, _ began: Duration) async throws {
        let proxies = plant.network.proxies(on: road)
        switch trouble {
        case .cut:
            for proxy in proxies { proxy.cut() }
            note(.connectionsCut, on: road, began)
        case .refused(let time):
            for proxy in proxies { proxy.close() }
            try await Task.sleep(for: time)
            for proxy in proxies { proxy.open() }
            note(road == .stages && time > .seconds(2) ? .connectionsSilent : .connectionsCut, on: road, began)
        case .delayed(let delay, let time):
            for proxy in proxies { proxy.delay(delay) }
            try await Task.sleep(for: time)
            for proxy in proxies { proxy.delay(.zero) }
            note(.connectionsDelayed, on: road, began)
        case .swallowed(let toServer, let time):
            for proxy in proxies { proxy.swallow(toServer ? .toServer : .toClient) }
            try await Task.sleep(for: time)
            for proxy in proxies { proxy.swallow(nil) }
            note(road == .stages && time > .seconds(2) ? .connectionsSilent : .connectionsCut, on: road, began)
        case .replyLost:
            // In turns: what is lost most easily is not always lost with the same call.
            let calls = queue.calls(on: road)
            let call = calls[disturbances.count % calls.count]
            for proxy in proxies { proxy.swallowReply(toRequestWith: call) }
            note(.replyLost, on: road, began)
        }
    }

    /// Starts again what ends by itself, until `end`.
    func supervise() async throws {
        while !isEnded {
            // It ended a moment before it was found out.
            let began = clock.now - .milliseconds(50)
            let ended = try await plant.revive()
            if !ended.isEmpty {
                note(.crashed, ended, began, clock.now)
                log.write("ended by itself: \(ended.joined(separator: " "))")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    func end() { isEnded = true }
}
