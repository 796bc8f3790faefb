import LinkSimulator
import Links

extension MessageSender {
    /// Everything it wants to be done now.
    mutating func actions() -> [Action] {
        var actions: [Action] = []
        while let action = nextAction() { actions.append(action) }
        return actions
    }
}

struct Send: Equatable {
    var peer: Int
    var number: UInt64
}

extension LinkReceiver {
    /// Everything it wants to report now.
    mutating func allReports(_ now: Duration) -> [Report] {
        var reports: [Report] = []
        while let outgoing = nextReport(now: now) { reports.append(outgoing.report) }
        return reports
    }
}

/// A sender of strings with peers that are played by the test.
final class SenderBench {
    var sender: MessageSender<String>
    var now: Duration = .zero
    var reports: UInt64 = 0
    /// By peer: session, instance, newest hello.
    var hellos: [Int: Hello] = [:]

    /// Opens a session with each peer and gives it room.
    init(peers: Int, limit: UInt64, largeFrom: Int = .max) {
        sender = MessageSender<String>(ackAddress: "acks", maxLosses: 2, seed: 1, largeFrom: largeFrom)
        sender.resolve((0..<peers).map { "peer-\($0)" }, now: now)
        collect()
        for peer in 0..<peers { open(peer, instance: UInt64(peer) + 100, limit: limit) }
    }

    /// Keeps the hellos and returns the rest.
    @discardableResult
    func collect() -> [MessageSender<String>.Action] {
        var rest: [MessageSender<String>.Action] = []
        for action in sender.actions() {
            if case .hello(let peer, let hello) = action { hellos[peer] = hello } else { rest.append(action) }
            if case .message(let peer, let number) = action { sender.markTransmitted(to: peer, number: number) }
        }
        return rest
    }

    func open(_ peer: Int, instance: UInt64, limit: UInt64) {
        report(peer, instance: instance, isOpen: false)
        report(peer, instance: instance, limit: limit)
    }

    /// Lets the peer answer its newest hello.
    @discardableResult
    func report(
        _ peer: Int, instance: UInt64? = nil, isOpen: Bool = true, limit: UInt64 = 0, done: NumberRanges = [],
        missing: NumberRanges = [], refused: [Refusal] = [], isLeaving: Bool = false
    ) -> [MessageSender<String>.Action] {
        guard let hello = hellos[peer] else { return [] }
        reports += 1
        sender.receive(
            Report(
                session: hello.session, receiver: instance ?? hello.receiver, number: reports, answers: hello.number,
                isOpen: isOpen, limit: limit, done: done, missing: missing, refused: refused, isLeaving: isLeaving),
            now: now)
        return collect()
    }

    func outgoing(_ peer: Int, _ number: UInt64) -> MessageSender<String>.Outgoing? {
        sender.outgoing(to: peer, number: number)
    }

    func offer(_ messages: String...) -> [MessageSender<String>.Action] {
        for message in messages { sender.offer(message, bytes: message.utf8.count, now: now) }
        return collect()
    }

    /// Lets time pass in steps that are no gap; peers in `talking` report meanwhile.
    func pass(_ seconds: Double, talking: [Int] = [], limit: UInt64 = 0) -> [MessageSender<String>.Action] {
        var actions: [MessageSender<String>.Action] = []
        for _ in 0..<Int(seconds * 4) {
            now += .milliseconds(250)
            for peer in talking { actions += report(peer, limit: limit) }
            sender.tick(now: now)
            actions += collect()
        }
        return actions
    }
}

extension [MessageSender<String>.Action] {
    var sends: [Send] {
        compactMap { if case .message(let peer, let number) = $0 { Send(peer: peer, number: number) } else { nil } }
    }
    var done: [String] { compactMap { if case .done(let message) = $0 { message } else { nil } } }
    var refused: [String] { compactMap { if case .refused(let message) = $0 { message } else { nil } } }
    var returned: [String] { compactMap { if case .returned(let message) = $0 { message } else { nil } } }
    var deadLetters: [String] { compactMap { if case .deadLetter(let message, _) = $0 { message } else { nil } } }
    var replacedSockets: [Int] { compactMap { if case .replaceSocket(let peer) = $0 { peer } else { nil } } }
    var closedPeers: [Int] { compactMap { if case .closePeer(let peer) = $0 { peer } else { nil } } }
}
