import Foundation
import GateRules
import Gates
import Logging
import Loop
import Redis
import Synchronization
import TestServers

/// Gates of one pool, `p`, in a stage that has 64 places for it.
@PipelineActor
final class Bench {
    let owner = GateOwner.pool("p")
    let log = Lines()
    private(set) var gates: Gates?
    var inFlight = 0
    var processes = 1
    private(set) var changes = 0

    /// - Parameter interval: how often the sources are asked.
    init(
        _ gate: GateSettings, prometheus: String? = nil, interval: Duration = .milliseconds(50),
        slotLife: Duration = .seconds(30)
    ) throws {
        let options = GateOptions(prometheusURL: prometheus, cacheTime: interval, slotLife: slotLife)
        let host = GateHost(
            inFlight: { [weak self] _ in self?.inFlight ?? 0 }, slots: { _ in 64 },
            processes: { [weak self] _ in self?.processes ?? 1 }, changed: { [weak self] _ in self?.changes += 1 })
        gates = try Gates([(owner, gate)], options: options, host: host, logger: log.logger)
        gates?.start()
    }

    var state: GateState { gates?.state(of: owner) ?? GateState() }
    var status: GateStatus? { gates?.statuses.first }
    var condition: GateCondition? { status?.condition }

    func verdict(_ request: GateRequest = GateRequest()) -> GateVerdict? {
        gates?.verdict(for: request, of: owner)?.verdict
    }

    /// One request of each of these users.
    func admit(_ users: String?...) async -> [GateDecision] {
        await gates?.admit(users.map { GateRequest(metadata: $0.map { ["userid": $0] } ?? [:]) }, of: owner) ?? []
    }

    func ended(_ decision: GateDecision) { gates?.ended(decision.reservations) }

    func stop() async { await gates?.stop() }

    /// As if the process were killed: nobody asks, keeps or gives back any more.
    func crash() { gates = nil }

    /// Waits until the gate is in this condition, for other reasons than those that hold `words` when they are given.
    func expect(_ condition: GateCondition, _ words: String = "") async throws {
        try await eventually("\(condition.rawValue) \(words)") {
            self.condition == condition && (words.isEmpty || (self.status?.reason ?? "").contains(words))
        } otherwise: {
            "\(String(describing: self.status))"
        }
    }
}

struct TookTooLong: Error, CustomStringConvertible {
    let description: String
}

/// Waits up to fifteen seconds.
@PipelineActor
func eventually(
    _ what: String, _ condition: @PipelineActor () async throws -> Bool,
    otherwise: @PipelineActor () -> String = { "" }
) async throws {
    let end = ContinuousClock.now + .seconds(15)
    while ContinuousClock.now < end {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(5))
    }
    throw TookTooLong(description: "not within 15 s: \(what); \(otherwise())")
}

/// What was logged.
final class Lines: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock(\.self) }
    func count(_ text: String) -> Int { all.filter { $0.contains(text) }.count }

    /// The condition that each line tells.
    var states: [String] { all.compactMap { $0.firstMatch(of: /"state": (\w+)/).map { String($0.1) } } }

    var logger: Logger { Logger(label: "gates") { _ in Handler(lines: self) } }

    private struct Handler: LogHandler {
        let lines: Lines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            lines.lines.withLock { $0.append("\(event.level) \(event.message) \(event.metadata ?? [:])") }
        }
    }
}

/// One command on a server of a test.
func redis(_ server: RedisServer, _ name: String, _ arguments: String...) throws -> RedisReply {
    var command = RedisCommand(name)
    for argument in arguments { command.append(argument) }
    return try RedisConnection(server.url).send(command)
}
