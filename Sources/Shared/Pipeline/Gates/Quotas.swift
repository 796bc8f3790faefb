import GateRules
import Loop
import Primitives
import Redis

/// The places in quotas on one Redis server that requests of this process hold.
///
/// Each is held for a while only, and kept by saying so: what a process held that has crashed is free again after
/// `GateOptions.slotLife`.
@PipelineActor
final class Quotas {
    private let server: GateRedis
    private let life: Duration
    /// With the time at which it was taken.
    private var held: [GateReservation: Duration] = [:]
    private var times: [QuotaSettings: PlaceTimes] = [:]
    private(set) var refusals = QuotaRefusals()
    /// Why the server cannot be asked.
    private var problem: String?
    /// Ended, and the server does not know it yet; with the time.
    private var leaving: [(reservation: GateReservation, since: Duration)] = []
    private var isGiving = false
    private var lastKept = Duration.zero
    private var lastID = 0
    private let origin = String(UInt64.random(in: .min ... .max), radix: 16)
    /// Keys in one round trip.
    private static let most = 200

    init(_ server: GateRedis, life: Duration) {
        self.server = server
        self.life = life
    }

    /// How many places are held.
    var heldCount: Int { held.count }

    /// What gates have to know.
    var news: GateNews { .quotas(problem: problem, refusals: refusals) }

    // MARK: - Taking

    /// Asks for some requests at once; one round trip, whatever their values.
    ///
    /// - Parameter values: of the quota's attribute; `nil` where a request has none, and no quota.
    func take(_ quota: QuotaSettings, _ values: [String?]) async -> [GatePlan.Answer] {
        var answers = Array(repeating: GatePlan.Answer(.go), count: values.count)
        let groups = Dictionary(grouping: values.indices.filter { values[$0] != nil }) { values[$0] ?? "" }
        let asked = groups.sorted { $0.value[0] < $1.value[0] }.map { value, indices in
            (indices, indices.map { _ in GateReservation(id: nextID(), quota: quota, value: value) })
        }
        if asked.isEmpty { return answers }
        let calls = asked.map { _, reservations in
            GateScripts.take(quota, value: reservations[0].value, ids: reservations.map(\.id), life: life)
        }
        let replies: [RedisReply]
        do throws(RedisError) { replies = try await server.run(calls) } catch {
            // Whether it was done is not known.
            if quota.mode != .tokens { giveBack(asked.flatMap(\.1), hasRun: false) }
            for (indices, _) in asked { for index in indices { answers[index] = Self.failed("\(error)") } }
            return answers
        }
        for ((indices, reservations), reply) in zip(asked, replies) {
            note(reply, of: reservations[0])
            for (place, index) in indices.enumerated() {
                answers[index] = answer(to: reservations[place], place, reply)
            }
        }
        return answers
    }

    private func note(_ reply: RedisReply, of reservation: GateReservation) {
        let (quota, value) = (reservation.quota, reservation.value)
        guard let error = reply.error else { return refusals.answered(quota, value) }
        let key = quota.mode == .tokens ? quota.tokensKey(for: value) : reservation.key
        refusals.refused(quota, value, key: String(key.prefix(200)), server: "\(server.url)", error: error)
    }

    private func answer(to reservation: GateReservation, _ place: Int, _ reply: RedisReply) -> GatePlan.Answer {
        let quota = reservation.quota
        if let reason = reply.error {
            return Self.failed("\(reservation.key.prefix(200)) on \(server.url): \(reason)")
        }
        let granted = reply.integer ?? reply.array?.first?.integer ?? 0
        if place < granted {
            if quota.mode == .tokens {
                return GatePlan.Answer(
                    .go, classification: .reserved, charge: quota.tokensKey(for: reservation.value))
            }
            if quota.mode == .concurrency { hold(reservation) }
            return GatePlan.Answer(.go, classification: .reserved, reservation: reservation)
        }
        if quota.gating == .classifying { return GatePlan.Answer(.go, classification: .overflow) }
        let told = reply.array.flatMap { $0.count == 2 ? $0[1].integer : nil }
        var wait = told.map { Duration.milliseconds(max(1, $0)) }
        var spacing: Duration?
        if quota.mode == .concurrency {
            let now = EventLoop.currentTime
            let known = times[quota] ?? PlaceTimes()
            wait = known.pause(limit: quota.limit, at: now)
            spacing = known.spacing(limit: quota.limit, at: now)
        }
        let limit =
            switch quota.mode {
            case .rate: "\(quota.limit) in \(quota.window)"
            case .concurrency: "\(quota.limit) at once"
            case .tokens: "\(quota.limit) tokens in \(quota.window)"
            }
        return GatePlan.Answer(
            .refuse(
                why: "\(quota.attribute) \(reservation.value.prefix(100)) has its quota of \(limit)",
                after: wait),
            classification: .overflow, reason: .quotaExhausted, spacing: spacing)
    }

    private func hold(_ reservation: GateReservation) {
        let now = EventLoop.currentTime
        held[reservation] = now
        times[reservation.quota, default: PlaceTimes()].taken(at: now)
    }

    static func failed(_ reason: String) -> GatePlan.Answer {
        GatePlan.Answer(.refuse(why: "the quota cannot be asked: \(reason)", after: .seconds(1)), reason: .error)
    }

    private func nextID() -> String {
        lastID += 1
        return "\(origin)-\(lastID)"
    }

    // MARK: - Giving back

    /// The requests that held them are over, or have not begun: only those that are over tell how long a place is held.
    func giveBack(_ reservations: [GateReservation], hasRun: Bool = true) {
        let now = EventLoop.currentTime
        for reservation in reservations {
            if let since = held.removeValue(forKey: reservation), hasRun {
                times[reservation.quota]?.ended(after: now - since)
            }
            leaving.append((reservation, now))
        }
        guard !leaving.isEmpty, !isGiving else { return }
        Task { await give() }
    }

    /// Tells the server; what it does not hear is told again with the next poll, or forgotten when it is free anyway.
    private func give() async {
        if isGiving { return }
        isGiving = true
        defer { isGiving = false }
        let now = EventLoop.currentTime
        leaving.removeAll { now - $0.since > life * 2 }
        while !leaving.isEmpty {
            let batch = Array(leaving.prefix(Self.most)).map(\.reservation)
            guard await give(batch) else { return }
            leaving.removeFirst(batch.count)
        }
    }

    private func give(_ batch: [GateReservation]) async -> Bool {
        var calls: [RedisCall] = []
        var commands: [RedisCommand] = []
        for (quota, value, ids) in Self.grouped(batch) {
            if let call = GateScripts.give(quota, value: value, ids: ids) {
                calls.append(call)
            } else {
                commands.append(GateScripts.forget(quota, value: value, ids: ids))
            }
        }
        do throws(RedisError) {
            if !calls.isEmpty { _ = try await server.run(calls) }
            if !commands.isEmpty { _ = try await server.send(commands) }
            return true
        } catch {
            return false
        }
    }

    /// Ends when the server knows what was given back, or does not answer.
    func finish() async {
        while isGiving { await EventLoop.shared.pause(for: .milliseconds(5)) }
        await give()
    }

    // MARK: - Keeping

    /// Looks whether the server is there, and whether it still refuses what it has refused.
    func poll() async -> GateNews {
        problem = await look()
        if problem == nil {
            // As if a request of the same value had come: with every right that this needs.
            for refusal in refusals.all {
                let answers = await take(refusal.quota, [refusal.value])
                giveBack(answers.compactMap(\.reservation), hasRun: false)
            }
        }
        return news
    }

    /// Says what is still held, when it is time to; otherwise asks only whether the server is there.
    ///
    /// - Returns: why it could not be asked; `nil` when it could.
    private func look() async -> String? {
        let now = EventLoop.currentTime
        do throws(RedisError) {
            if held.isEmpty || now - lastKept < life / 3 {
                let reply = try await server.send([RedisCommand("PING")])[0]
                if let reason = reply.error { return "PING on \(server.url): \(reason)" }
            } else {
                try await keep()
                lastKept = now
            }
        } catch {
            return "\(error)"
        }
        await give()
        return nil
    }

    private func keep() async throws(RedisError) {
        let groups = Self.grouped(Array(held.keys))
        for start in stride(from: 0, to: groups.count, by: Self.most) {
            let calls = groups[start..<min(start + Self.most, groups.count)].compactMap { quota, value, ids in
                // Some may have ended while the others were told.
                let ids = ids.filter { held[GateReservation(id: $0, quota: quota, value: value)] != nil }
                return ids.isEmpty ? nil : GateScripts.keep(quota, value: value, ids: ids, life: life)
            }
            _ = try await server.run(calls)
        }
    }

    private static func grouped(_ batch: [GateReservation]) -> [(QuotaSettings, String, [String])] {
        struct Key: Hashable {
            let quota: QuotaSettings
            let value: String
        }
        return Dictionary(grouping: batch) { Key(quota: $0.quota, value: $0.value) }
            .map { ($0.quota, $0.value, $1.map(\.id)) }
    }
}
