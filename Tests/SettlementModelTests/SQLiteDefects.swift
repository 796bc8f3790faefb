import Foundation
import GRDB
import Messages
import Queue
import SQLite
import SQLiteSource
import SettlementModel

/// A source with one mistake, or none.
final class DefectiveSQLiteSource: RequestSource {
    private let base: any RequestSource
    private let defect: SettlementDefect?
    private let connection: DatabaseQueue

    init(_ base: any RequestSource, _ defect: SettlementDefect?, _ connection: DatabaseQueue) {
        self.base = base
        self.defect = defect
        self.connection = connection
    }

    func connect() async throws(QueueError) { try await base.connect() }

    func lease(limit: Int) async throws(QueueError) -> [Delivery] {
        switch defect {
        case .handedOutEarly:
            try connection.plainly("UPDATE request_state SET until_ms = 0 WHERE state = 1", [])
        default:
            break
        }
        return try await base.lease(limit: limit)
    }

    func renew(_ receipts: [Receipt]) async throws(QueueError) -> [Receipt] {
        for parts in receipts.compactMap(Parts.init) {
            switch defect {
            case .renewalTakesBack:
                let sql = "UPDATE request_state SET token = ? WHERE seq = ? AND submission = ? AND state = 2"
                try connection.plainly(sql, [parts.token, parts.seq, parts.submission])
            case .renewalCounts:
                let sql = "UPDATE request_state SET deliveries = deliveries + 1 WHERE seq = ? AND token = ?"
                try connection.plainly(sql, [parts.seq, parts.token])
            default:
                break
            }
        }
        return try await base.renew(receipts)
    }

    func release(_ receipts: [Receipt]) async throws(QueueError) {
        let isDefective = defect == .releasedByFormerHolder
        let receipts = try receipts.map { receipt throws(QueueError) in
            isDefective ? try connection.heldNow(receipt) : receipt
        }
        try await base.release(receipts)
    }

    func health() async -> QueueHealth { await base.health() }
}

/// A sink with one mistake, or none.
final class DefectiveSQLiteSink: ResultSink {
    private let base: any ResultSink
    private let defect: SettlementDefect?
    private let connection: DatabaseQueue
    private let losses: Losses

    init(_ base: any ResultSink, _ defect: SettlementDefect?, _ connection: DatabaseQueue, _ losses: Losses) {
        self.base = base
        self.defect = defect
        self.connection = connection
        self.losses = losses
    }

    func connect() async throws(QueueError) { try await base.connect() }

    func settle(_ batch: [Settlement]) async throws(QueueError) -> [SettlementStatus] {
        if defect == .recordedBeforeRemoval || defect == .removedBeforeRecord { return try await settleInHalves(batch) }
        var spoiled: [Settlement] = []
        for settlement in batch { spoiled.append(try self.spoiled(settlement)) }
        return try await base.settle(spoiled)
    }

    /// One by one, results in two transactions; one that loses its reply dies after the first half of the first of them.
    private func settleInHalves(_ batch: [Settlement]) async throws(QueueError) -> [SettlementStatus] {
        var dies = losses.willStrikeSettlement
        var statuses: [SettlementStatus] = []
        for settlement in batch {
            guard case .result(let body) = settlement.action, let parts = Parts(settlement.receipt),
                try connection.has(parts)
            else {
                statuses += try await base.settle([settlement])
                continue
            }
            let halves = halves(parts, settlement.id, body)
            try connection.plainly(halves[0].0, halves[0].1)
            if !dies { try connection.plainly(halves[1].0, halves[1].1) }
            dies = false
            statuses.append(.settled)
        }
        return statuses
    }

    private func halves(_ parts: Parts, _ id: String, _ body: Bytes) -> [(String, StatementArguments)] {
        let record = """
            INSERT INTO results(request, id, queue, destination, created_ms, body)
            VALUES(?, ?, 'requests', '', 0, ?)
            """
        let text = String(decoding: body, as: UTF8.self)
        let steps: [(String, StatementArguments)] = [
            (record, [parts.seq, id, text]), ("DELETE FROM requests WHERE seq = ?", [parts.seq]),
        ]
        return defect == .recordedBeforeRemoval ? steps : steps.reversed()
    }

    /// The settlement as a sink would do it that does not look closely.
    private func spoiled(_ settlement: Settlement) throws(QueueError) -> Settlement {
        var settlement = settlement
        guard let defect else { return settlement }
        switch (defect, settlement.action) {
        case (.submissionUnchecked, .result), (.parkedByFormerHolder, .park), (.releasedByFormerHolder, .release),
            (.deadLetteredByFormerHolder, .deadLetter):
            let checksSubmission = defect != .submissionUnchecked
            settlement.receipt = try connection.heldNow(settlement.receipt, checksSubmission: checksSubmission)
        case (.attemptsForgotten, .park(let delay, _)):
            settlement.action = .park(afterMilliseconds: delay, failedAttempts: 0)
        default:
            break
        }
        return settlement
    }

    func health() async -> QueueHealth { await base.health() }
}

/// The parts of `<seq>.<submission>.<token>`.
private struct Parts {
    let seq: Int64
    let submission: Int64
    let token: Int64

    init?(_ receipt: Receipt) {
        let words = receipt.text.split(separator: ".")
        guard words.count == 3, let seq = Int64(words[0]), let submission = UInt64(words[1], radix: 16),
            let token = UInt64(words[2], radix: 16)
        else { return nil }
        self.seq = seq
        self.submission = Int64(bitPattern: submission)
        self.token = Int64(bitPattern: token)
    }
}

extension DatabaseQueue {
    /// One statement in a transaction of its own.
    fileprivate func plainly(_ sql: String, _ arguments: StatementArguments) throws(QueueError) {
        _ = try plainRows(sql, arguments)
    }

    fileprivate func has(_ parts: Parts) throws(QueueError) -> Bool {
        let sql = "SELECT 1 FROM request_state WHERE seq = ? AND submission = ?"
        return try !plainRows(sql, [parts.seq, parts.submission]).isEmpty
    }

    /// A receipt of whoever holds the lease now.
    fileprivate func heldNow(_ receipt: Receipt, checksSubmission: Bool = true) throws(QueueError) -> Receipt {
        guard let parts = Parts(receipt) else { return receipt }
        let sql = "SELECT submission, token FROM request_state WHERE seq = ?"
        guard let row = try plainRows(sql, [parts.seq]).first else { return receipt }
        let submission: Int64 = row[0]
        let token: Int64 = row[1]
        if checksSubmission, submission != parts.submission { return receipt }
        let words = [submission, token].map { String(UInt64(bitPattern: $0), radix: 16) }
        return Receipt("\(parts.seq).\(words[0]).\(words[1])")
    }

    private func plainRows(_ sql: String, _ arguments: StatementArguments) throws(QueueError) -> [Row] {
        do {
            return try write { try Row.fetchAll($0, sql: sql, arguments: arguments) }
        } catch {
            throw QueueError(operation: "defect", reason: "\(error)")
        }
    }
}

/// A source that takes itself for new after every failure, and so forgets that leases may have expired meanwhile.
actor ForgetfulSource: RequestSource {
    private var base: any RequestSource
    private let makeBase: @Sendable () -> any RequestSource

    init(_ makeBase: @escaping @Sendable () -> any RequestSource) {
        base = makeBase()
        self.makeBase = makeBase
    }

    func connect() async throws(QueueError) { try await base.connect() }

    func lease(limit: Int) async throws(QueueError) -> [Delivery] {
        do throws(QueueError) {
            return try await base.lease(limit: limit)
        } catch {
            base = makeBase()
            throw error
        }
    }

    func renew(_ receipts: [Receipt]) async throws(QueueError) -> [Receipt] {
        do throws(QueueError) {
            return try await base.renew(receipts)
        } catch {
            base = makeBase()
            throw error
        }
    }

    func release(_ receipts: [Receipt]) async throws(QueueError) { try await base.release(receipts) }

    func health() async -> QueueHealth { await base.health() }
}
