import Foundation
import GatewaySimulator
import Processes
import Synchronization
import TestServers
import Testing

extension EndToEnd {
    /// SIGTERM to whatever stage, whenever: nothing is lost, and what was not started is somebody else's at once.
    struct HandingBackTests {
        private static let everybody = ["emit", "dispatch", "retry", "ingest"]

        /// All of one deployment are asked to stop, in this order; then another on the same queue has the rest at once,
        /// where an expired lease would take half a minute.
        @Test(.timeLimit(.minutes(2)), arguments: [everybody, everybody.reversed()])
        func givesBackAtOnceWhatHasNotBeenStarted(order: [String]) async throws {
            try await withRivals { old, queue in
                for name in order { try await old.pipeline[name].signal(SIGTERM) }
                try await queue.waitForResults(Rivals.requests - Rivals.slots, within: .seconds(2))
                for name in order { #expect(try await old.pipeline[name].exitStatus(within: .seconds(30)) == 0) }
                try queue.expectOneResultEach(ids(Rivals.requests))
                #expect(old.gateway.requests().count == Rivals.slots, "something was started while draining")
            }
        }

        /// Without a dispatch it waits in ingest, since another may come; when ingest goes as well, it is given back.
        @Test(.timeLimit(.minutes(2)))
        func givesBackWhatDispatchHadRefusedBefore() async throws {
            try await withRivals { old, queue in
                try await old.pipeline["dispatch"].signal(SIGTERM)
                try await Task.sleep(for: .milliseconds(500))
                #expect(try queue.resultCount() < Rivals.requests - Rivals.slots)
                try await old.pipeline["ingest"].signal(SIGTERM)
                try await queue.waitForResults(Rivals.requests - Rivals.slots, within: .seconds(2))
                for name in ["dispatch", "ingest"] {
                    #expect(try await old.pipeline[name].exitStatus(within: .seconds(30)) == 0)
                }
                try queue.expectOneResultEach(ids(Rivals.requests))
            }
        }

        /// The same over Redis channels, where what is given back is parked, due at once.
        @Test(.timeLimit(.minutes(2)))
        func givesBackOverRedisWhatHasNotBeenStarted() async throws {
            try await withRedisRun(latency: .fixed(Rivals.latency), flags: Rivals.flags) { old in
                let results = try await old.collect()
                try await old.publish(ids(Rivals.requests))
                try await eventually("all slots taken") { old.gateway.requests().count == Rivals.slots ? true : nil }
                try await withGateway { gateway in
                    let new = try Pipeline(
                        queue: [
                            "--redis.addr", "127.0.0.1:\(old.redis.port)", "--redis.inference-gateway",
                            gateway.completions,
                        ])
                    try await withPipeline(new) { _ in
                        try await Rivals.waitUntilQuiet { results.count }
                        try await old.pipeline.signal(SIGTERM)
                        try await eventually("what was not started has its result", within: .seconds(2)) {
                            results.count == Rivals.requests - Rivals.slots ? true : nil
                        }
                        for name in old.pipeline.names {
                            #expect(try await old.pipeline[name].exitStatus(within: .seconds(30)) == 0)
                        }
                        #expect(Set(results.perID().keys) == Set(ids(Rivals.requests)))
                        #expect(results.perID().values.allSatisfy { $0 == 1 })
                    }
                }
                results.end()
            }
        }

        @Test(.timeLimit(.minutes(2)))
        func offersWhatADispatchHasNotStartedToAnotherAtOnce() async throws {
            // Whether another one waits behind the slow one depends on who comes first at which dispatch.
            var isShown = false
            for _ in 0..<5 where !isShown { isShown = try await offersWhatWaitsBehindASlowOne() }
            #expect(isShown, "nothing ever waited behind the slow request")
        }

        /// - Returns: whether anything waited there.
        private func offersWhatWaitsBehindASlowOne() async throws -> Bool {
            let all = ids(20)
            let script: @Sendable (GatewayRequest) -> GatewayAnswer? = {
                $0.text == oddPayload("r00000") ? .after(.seconds(10), .normal) : nil
            }
            let ports = ["dispatch": try freePort(), "dispatch2": try freePort()]
            let isShown = Mutex(false)
            try await withRun(
                all, script: script, latency: .fixed(.milliseconds(100)), dispatches: 2, flags: ["--concurrency", "1"],
                own: ports.mapValues { ["--metrics-port", "\($0)"] }
            ) { run in
                let busy = try await eventually("one dispatch is at the slow request, and the other one at none") {
                    let counts = ports.mapValues(counts)
                    let busy = counts.filter { $0.value.attempts > 0 }
                    guard busy.count == 1, let (name, count) = busy.first,
                        try run.queue.resultCount() == all.count - 1 - count.waiting
                    else { return nil as (name: String, waiting: Int)? }
                    return (name, count.waiting)
                }
                guard busy.waiting > 0 else { return }
                try await run.pipeline[busy.name].signal(SIGTERM)
                try await run.queue.waitForResults(all.count - 1, within: .seconds(3))
                try await run.waitForResults(all.count)
                try run.expectOneResultEach(all)
                #expect(try await run.pipeline[busy.name].exitStatus(within: .seconds(20)) == 0)
                isShown.withLock { $0 = true }
            }
            return isShown.withLock { $0 }
        }

        /// What a dispatch has at the gateway, and what waits behind that.
        private func counts(of port: Int) -> (attempts: Int, waiting: Int) {
            // Nobody may listen there yet.
            let status = (try? capture("/usr/bin/curl", ["-s", "http://127.0.0.1:\(port)/status"])) ?? ""
            func count(_ name: String) -> Int {
                status.firstRange(of: "\"\(name)\" : ").map {
                    Int(status[$0.upperBound...].prefix { $0.isNumber }) ?? 0
                } ?? 0
            }
            return (count("attempts"), count("waiting"))
        }

        @Test(.timeLimit(.minutes(2)), arguments: everybody)
        func losesNothingWhenAStageIsAskedToStopUnderLoad(stage: String) async throws {
            let all = ids(600)
            try await withRun(all, script: Faults.some, latency: .fixed(.milliseconds(10))) { run in
                try await run.waitForResults(100)
                try await run.pipeline[stage].signal(SIGTERM)
                #expect(try await run.pipeline[stage].exitStatus(within: .seconds(20)) == 0)
                #expect(try run.queue.resultCount() < all.count, "the run was over before the signal")
                try await run.pipeline[stage].start()
                try await run.waitForResults(all.count)
                try run.expectOneResultEach(all)
                #expect(run.gateway.attemptsPerBody().values.allSatisfy { $0 <= 2 }, "an attempt was repeated")
            }
        }
    }
}

/// Two deployments on one queue: the old one's gateway takes its time, the new one's answers at once.
private enum Rivals {
    static let requests = 30
    /// At the old one's gateway; a few more wait in its dispatch.
    static let slots = 8
    static let latency = Duration.seconds(8)
    static let flags = ["--concurrency", "\(slots)"]

    /// The new one has had all it can get, and the old one holds more than it has started.
    static func waitUntilQuiet(_ results: () throws -> Int) async throws {
        var last = (count: -1, since: ContinuousClock.now)
        try await eventually("a quiet queue", within: .seconds(6)) {
            let count = try results()
            if count != last.count { last = (count, .now) }
            return count > requests / 2 && ContinuousClock.now - last.since > .milliseconds(500) ? true : nil
        }
        #expect(last.count < requests - slots, "the old one holds nothing but what it has started")
    }
}

/// Starts the old deployment, which fills its slots, then the new one, which does what is left.
private func withRivals(_ body: (SQLiteRun, SQLiteClient) async throws -> Void) async throws {
    try await withRun(ids(Rivals.requests), latency: .fixed(Rivals.latency), flags: Rivals.flags) { old in
        try await eventually("all slots taken") { old.gateway.requests().count == Rivals.slots ? true : nil }
        try await withGateway { gateway in
            try await withPipeline(Pipeline(queue: old.queue.flags(gateway: gateway.completions))) { _ in
                try await Rivals.waitUntilQuiet { try old.queue.resultCount() }
                try await body(old, old.queue)
            }
        }
    }
}

extension SQLiteClient {
    func waitForResults(_ count: Int, within limit: Duration) async throws {
        try await eventually("\(count) results", within: limit) { try resultCount() >= count ? true : nil }
    }

    func expectOneResultEach(_ ids: [String]) throws {
        #expect(try resultsPerID() == Dictionary(uniqueKeysWithValues: ids.map { ($0, 1) }))
    }
}
