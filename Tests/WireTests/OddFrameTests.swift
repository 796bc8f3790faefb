import LinkSimulator
import Links
import Messages
import Primitives
import SwiftProtobuf
import Testing

@testable import Wire

/// Any numbers in any field, through the decoder into the state machines: nothing traps, and no session but the one that
/// the frame is about notices.
struct OddFrameTests {
    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func takesAnyHelloAndMessageWithoutHarmToAnotherSession(seed: UInt64) throws {
        var odd = OddNumbers(state: seed)
        var receiver = LinkReceiver(instance: 100)
        receiver.setRoom(10)
        var now: Duration = .zero
        var hello = Hello(session: 1, receiver: 100, number: 1, ackAddress: "ipc:///a")
        receiver.receive(hello, now: now)
        hello.heard = try drain(&receiver, now)[1] ?? 0
        guard case .take(let ticket) = receiver.take(session: 1, number: 1), receiver.start(ticket) else {
            Issue.record("the message was not taken")
            return
        }
        for round in 0..<6000 {
            try take(odd.frame(), &receiver, now, &odd)
            now += .milliseconds(Int64(odd.next() % 40))
            if round % 10 == 0 {
                hello.number += 1
                hello.last = 1
                hello.open = [1...1]
                receiver.receive(hello, now: now)
                receiver.tick(now: now)
                hello.heard = try drain(&receiver, now)[1] ?? hello.heard
            }
        }
        let status = receiver.sessionStatus.first { $0.session == 1 }
        #expect(status?.unfinished == 1 && status?.isLive == true && (status?.missing ?? 0) == 0)
        #expect(receiver.sessionStatus.count < 1100)
        receiver.finish(ticket)
        hello.number += 1
        receiver.receive(hello, now: now)
        var done: NumberRanges = []
        while let outgoing = receiver.nextReport(now: now) {
            if outgoing.report.session == 1 { done = outgoing.report.done }
        }
        #expect(done == [1...1])
    }

    /// Every report can be written.
    ///
    /// - Returns: the newest number by session.
    private func drain(_ receiver: inout LinkReceiver, _ now: Duration) throws -> [UInt64: UInt64] {
        var newest: [UInt64: UInt64] = [:]
        while let outgoing = receiver.nextReport(now: now) {
            let report = outgoing.report
            #expect(try Frame(decoding: report.encoded()) == .report(report))
            newest[report.session] = report.number
        }
        return newest
    }

    private func take(_ bytes: [UInt8], _ receiver: inout LinkReceiver, _ now: Duration, _ odd: inout OddNumbers) throws
    {
        switch try? Frame(decoding: bytes) {
        case .hello(let hello): receiver.receive(hello, now: now)
        case .message(let message):
            // What can be read can be sent on, with any end.
            _ = try message.encoded()
            guard case .take(let ticket) = receiver.take(session: message.session, number: message.number) else {
                return
            }
            if odd.next() % 2 == 0, receiver.start(ticket) { receiver.finish(ticket) }
        case .unreadable(let session, let number, _):
            guard case .take(let ticket) = receiver.take(session: session, number: number) else { return }
            receiver.refuse(ticket, .undecodable)
        case .report, nil: break
        }
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func hearsAnyReportWithoutHarmToAnotherSession(seed: UInt64) throws {
        var odd = OddNumbers(state: seed)
        var sender = MessageSender<Int>(ackAddress: "ipc:///acks", seed: seed)
        var now: Duration = .zero
        var hellos: [Int: Hello] = [:]
        func collect() throws {
            while let action = sender.nextAction() {
                switch action {
                case .hello(let peer, let hello):
                    hellos[peer] = hello
                    #expect(try Frame(decoding: hello.encoded()) == .hello(hello))
                case .message(let peer, let number): sender.markTransmitted(to: peer, number: number)
                default: break
                }
            }
        }
        var number: UInt64 = 0
        func answer(_ peer: Int, isOpen: Bool) throws {
            guard let hello = hellos[peer] else { return }
            number += 1
            sender.receive(
                Report(
                    session: hello.session, receiver: UInt64(100 + peer), number: number, answers: hello.number,
                    isOpen: isOpen, limit: isOpen ? hello.last + 2 : 0), now: now)
            try collect()
        }
        sender.resolve(["a", "b"], now: now)
        try collect()
        for peer in [0, 1] { for isOpen in [false, true] { try answer(peer, isOpen: isOpen) } }
        sender.offer(7, bytes: 1, now: now)
        try collect()
        let place = try #require([0, 1].first { sender.outgoing(to: $0, number: 1) != nil })
        let session = hellos[place]?.session
        for round in 0..<6000 {
            let other = hellos[1 - place]
            let bytes = odd.report(session: other?.session ?? 1, receiver: UInt64(101 - place))
            if case .report(let report) = try? Frame(decoding: bytes) { sender.receive(report, now: now) }
            now += .milliseconds(Int64(odd.next() % 40))
            if round % 10 == 0 {
                sender.offer(round, bytes: 1, now: now)
                try answer(place, isOpen: true)
                sender.tick(now: now)
            }
            try collect()
        }
        #expect(hellos[place]?.session == session)
        #expect(sender.outgoing(to: place, number: 1)?.message == 7)
        #expect(sender.peerStatus(now: now).first { $0.session == session }?.isLive == true)
    }
}

/// Frames with numbers that nobody means.
private struct OddNumbers: RandomNumberGenerator {
    private var base: SplitMix64

    init(state: UInt64) { base = SplitMix64(seed: state) }

    mutating func next() -> UInt64 { base.next() }

    private mutating func number() -> UInt64 {
        let some: [UInt64] = [0, 1, 2, 3, 7, 1 << 31, 1 << 32, 1 << 53, 1 << 62, 1 << 63, .max - 1, .max, next()]
        return some[Int(next() % UInt64(some.count))]
    }

    private mutating func small() -> UInt64 { next() % 4 == 0 ? number() : next() % 12 }

    private mutating func numbers() -> [UInt64] { (0..<next() % 7).map { _ in small() } }

    private mutating func signed() -> Int64 { Int64(bitPattern: number()) }

    mutating func frame() -> [UInt8] {
        // Never session 1, whose sender is honest.
        let session = next() % 3 == 0 ? next() | 2 : 2 + next() % 6
        return (try? next() % 2 == 0 ? hello(session) : message(session)) ?? []
    }

    private mutating func hello(_ session: UInt64) throws -> [UInt8] {
        var header = WireHelloHeader()
        header.session = session
        header.receiver = next() % 4 == 0 ? number() : 100
        header.number = next() % 2 == 0 ? number() : next() % 100_000
        header.ackAddress = "ipc:///odd-\(next() % 100)"
        header.last = small()
        header.open = numbers()
        header.heard = number()
        header.isDraining = next() % 8 == 0
        header.isLeaving = next() % 32 == 0
        return try Frame.control(.hello, header)
    }

    mutating func report(session: UInt64, receiver: UInt64) -> [UInt8] {
        var header = WireReportHeader()
        header.session = next() % 4 == 0 ? next() : session
        header.receiver = next() % 8 == 0 ? number() : receiver
        header.number = number()
        header.answers = next() % 2 == 0 ? number() : next() % 1000
        header.isOpen = next() % 4 > 0
        header.limit = number()
        header.done = numbers()
        header.missing = numbers()
        header.refused = (0..<next() % 4).flatMap { _ in [small(), 1 + next() % 3] }
        header.isDraining = next() % 8 == 0
        header.isLeaving = next() % 16 == 0
        return (try? Frame.control(.report, header)) ?? []
    }

    private mutating func message(_ session: UInt64) throws -> [UInt8] {
        var header = WireMessageHeader()
        header.session = session
        header.number = small()
        header.payloadLength = small()
        header.deadline = signed()
        header.failedAttempts = UInt32(truncatingIfNeeded: number())
        header.deliveries = UInt32(truncatingIfNeeded: number())
        header.losses = UInt32(truncatingIfNeeded: number())
        header.leasedAt = signed()
        switch next() % 4 {
        case 0: header.parkedAfter = signed()
        case 1: header.answer.statusCode = Int32(truncatingIfNeeded: number())
        case 2: header.failed.retryAfter = signed()
        default: break
        }
        let bytes: [UInt8] = try header.serializedBytes()
        return Frame.assemble(.message, header: bytes) + [1, 2, 3, 4]
    }
}
