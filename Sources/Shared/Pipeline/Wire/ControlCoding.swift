package import Links
import Messages
import SwiftProtobuf

extension Hello {
    /// The frame.
    package func encoded() throws(WireError) -> [UInt8] {
        var header = WireHelloHeader()
        header.session = session
        header.receiver = receiver
        header.number = number
        header.ackAddress = ackAddress
        header.last = last
        header.open = open.encoded
        header.heard = heard
        header.isDraining = isDraining
        header.isLeaving = isLeaving
        if let from { header.from = WireIntroduction(from) }
        header.pools = pools.told
        return try Frame.control(.hello, header)
    }

    /// - Parameter version: of the frame; of another one only what tells who speaks, and where it hears, is read.
    init(header bytes: Bytes, version: UInt8 = Frame.version) throws(WireError) {
        let header: WireHelloHeader
        do { header = try WireHelloHeader(serializedBytes: bytes.span.bytes) } catch { throw .header }
        guard header.session != 0 else { throw .field("session") }
        guard WireRange.ackAddress.contains(header.ackAddress.utf8.count),
            header.ackAddress.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { throw .field("ack_address") }
        try WireRange.check(["number": header.number, "last": header.last, "heard": header.heard])
        guard version == Frame.version else {
            self.init(
                session: header.session, receiver: 0, number: header.number, ackAddress: header.ackAddress,
                from: try Introduction(header.from, version: version))
            return
        }
        let open = try NumberRanges(header.open, field: "open", through: header.last)
        self.init(
            session: header.session, receiver: header.receiver, number: header.number,
            ackAddress: header.ackAddress, last: header.last, open: open, heard: header.heard,
            isDraining: header.isDraining, isLeaving: header.isLeaving,
            from: header.hasFrom ? try Introduction(header.from, version: version) : nil,
            pools: try [PoolNote](header.pools))
    }
}

extension Report {
    /// The frame.
    package func encoded() throws(WireError) -> [UInt8] {
        var header = WireReportHeader()
        header.session = session
        header.receiver = receiver
        header.number = number
        header.answers = answers
        header.isOpen = isOpen
        header.limit = limit
        header.done = done.encoded
        header.missing = missing.encoded
        header.refused = refused.flatMap { [$0.number, UInt64($0.reason.rawValue)] }
        header.isDraining = isDraining
        header.isLeaving = isLeaving
        if let from { header.from = WireIntroduction(from) }
        header.conditions = conditions.prefix(Condition.most).map(WireCondition.init)
        header.pools = pools.told
        return try Frame.control(.report, header)
    }

    /// - Parameter version: of the frame; of another one only what tells who speaks, and to whom, is read.
    init(header bytes: Bytes, version: UInt8 = Frame.version) throws(WireError) {
        let header: WireReportHeader
        do { header = try WireReportHeader(serializedBytes: bytes.span.bytes) } catch { throw .header }
        guard header.session != 0 else { throw .field("session") }
        guard header.receiver != 0 else { throw .field("receiver") }
        try WireRange.check(["number": header.number, "answers": header.answers, "limit": header.limit])
        guard version == Frame.version else {
            self.init(
                session: header.session, receiver: header.receiver, number: header.number, answers: header.answers,
                isOpen: false, from: try Introduction(header.from, version: version))
            return
        }
        self.init(
            session: header.session, receiver: header.receiver, number: header.number, answers: header.answers,
            isOpen: header.isOpen, limit: header.limit, done: try NumberRanges(header.done, field: "done"),
            missing: try NumberRanges(header.missing, field: "missing"), refused: try Self.refusals(header.refused),
            isDraining: header.isDraining, isLeaving: header.isLeaving,
            from: header.hasFrom ? try Introduction(header.from, version: version) : nil,
            conditions: header.conditions.prefix(Condition.most).map(Condition.init),
            pools: try [PoolNote](header.pools))
    }

    private static func refusals(_ values: [UInt64]) throws(WireError) -> [Refusal] {
        guard values.count.isMultiple(of: 2), values.count / 2 <= WireRange.ranges else { throw .field("refused") }
        var refusals: [Refusal] = []
        for index in stride(from: 0, to: values.count, by: 2) {
            guard let reason = RefusalReason(rawValue: UInt8(clamping: values[index + 1])) else {
                throw .field("refused.reason")
            }
            guard WireRange.number.contains(values[index]) else { throw .field("refused") }
            refusals.append(Refusal(number: values[index], reason: reason))
        }
        return refusals
    }
}

extension WireCondition {
    init(_ condition: Condition) {
        self.init()
        subject = cut(condition.subject)
        queue = cut(condition.queue)
        state = cut(condition.state)
        since = condition.since
        text = cut(condition.text)
        held = UInt64(clamping: condition.held)
    }
}

/// Texts are for people: too much of one is cut.
private func cut(_ text: String) -> String {
    let most = Condition.maxTextLength
    return text.utf8.count <= most ? text : String(decoding: text.utf8.prefix(most), as: UTF8.self) + "…"
}

extension Condition {
    init(_ header: WireCondition) {
        self.init(
            subject: cut(header.subject), queue: cut(header.queue), state: cut(header.state),
            since: max(0, min(header.since, 1 << 52)), text: cut(header.text), held: Int(clamping: header.held))
    }
}

extension WirePoolNote {
    init(_ note: PoolNote) {
        self.init()
        pool = note.pool
        base = WireRange.base.clamping(UInt64(clamping: note.base))
        closedFor = UInt64(WireRange.delay.clamping(Int64(note.closedFor)))
        heldQueues = Array(note.heldQueues.lazy.filter { $0.utf8.count <= PoolNote.maxName }.prefix(PoolNote.most))
    }
}

extension [PoolNote] {
    fileprivate var told: [WirePoolNote] {
        lazy.filter { $0.pool.utf8.count <= PoolNote.maxName }.prefix(PoolNote.most).map(WirePoolNote.init)
    }

    /// - Throws: for names that no pool has, and times that none takes.
    init(_ notes: [WirePoolNote]) throws(WireError) {
        self = []
        for note in notes.prefix(PoolNote.most) {
            guard note.pool.utf8.count <= WireRange.pool, WireRange.base.contains(note.base),
                note.closedFor <= UInt64(WireRange.delay.upperBound), note.heldQueues.count <= PoolNote.most
            else { throw .field("pools") }
            append(
                PoolNote(
                    pool: note.pool, base: Int(note.base), closedFor: Int(note.closedFor), heldQueues: note.heldQueues))
        }
    }
}

extension WireIntroduction {
    init(_ introduction: Introduction) {
        self.init()
        pipeline = introduction.pipeline
        stage = introduction.stage
        release = introduction.release
        #if FAULT_HOOKS
            release = LaterRelease.release ?? release
        #endif
        seeks = introduction.seeks
    }
}

extension Introduction {
    /// - Throws: for names that are none; empty ones are taken, since another version may have none.
    init(_ header: WireIntroduction, version: UInt8) throws(WireError) {
        for name in [header.pipeline, header.stage, header.release, header.seeks] {
            guard name.isEmpty || PipelineName.isValid(name) else { throw .field("from") }
        }
        self.init(
            pipeline: header.pipeline, stage: header.stage, release: header.release, version: version,
            seeks: header.seeks)
    }
}

extension Frame {
    static func control(_ kind: Kind, _ header: some SwiftProtobuf.Message) throws(WireError) -> [UInt8] {
        let bytes: [UInt8]
        do { bytes = try header.serializedBytes() } catch { throw .header }
        guard bytes.count <= maxHeaderLength else { throw .tooLarge(bytes.count) }
        return assemble(kind, header: bytes)
    }
}

extension NumberRanges {
    /// For each range two numbers: how far it begins above the end of the one before (above 0 for the first), and how
    /// many more than one it holds.
    var encoded: [UInt64] {
        var values: [UInt64] = []
        values.reserveCapacity(ranges.count * 2)
        var end: UInt64 = 0
        for range in ranges {
            values.append(range.lowerBound - end)
            values.append(range.upperBound - range.lowerBound)
            end = range.upperBound
        }
        return values
    }

    /// - Parameter highest: what no number may be above.
    init(
        _ values: [UInt64], field: String, through highest: UInt64 = WireRange.number.upperBound
    ) throws(WireError) {
        self.init()
        guard values.count.isMultiple(of: 2), values.count / 2 <= WireRange.ranges else { throw .field(field) }
        var end: UInt64 = 0
        for index in stride(from: 0, to: values.count, by: 2) {
            let (first, overflow) = end.addingReportingOverflow(values[index])
            let (last, overflowAgain) = first.addingReportingOverflow(values[index + 1])
            guard values[index] > 0, !overflow, !overflowAgain, last <= highest else { throw .field(field) }
            append(first...last)
            end = last
        }
    }
}
