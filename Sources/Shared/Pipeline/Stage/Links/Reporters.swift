import Links
import Loop
import Wire
import ZeroMQ

/// The sockets for reports to the senders of one incoming link: one for each ack address.
///
/// Senders that have proved themselves keep theirs for as long as frames of them come or they can be connected to;
/// strangers share a few (`StrangerPlaces`).
@PipelineActor
final class Reporters {
    private let context: Context
    private let book: AddressBook
    private var reporters: [String: Reporter] = [:]
    private var strangers = StrangerPlaces()
    /// Those with reports that have not been sent; some may have been let go.
    private var waiting: [Reporter] = []

    /// Ack addresses that cannot be connected to because they are invalid, or the system has no more sockets.
    private(set) var refused = RareLine()
    /// Strangers that got no answer because there were too many.
    private(set) var crowded = RareLine()

    init(context: Context, book: AddressBook) {
        self.context = context
        self.book = book
    }

    var count: Int { reporters.count }

    func send(_ outgoing: LinkReceiver.OutgoingReport, now: Duration) {
        guard let reporter = reporter(outgoing, now) else { return }
        do {
            reporter.append(try outgoing.report.encoded())
            if !reporter.isListed { waiting.append(reporter) }
            reporter.isListed = true
        } catch {
            refused.note("\(outgoing.ackAddress): \(error)")
        }
    }

    /// Sends the reports that can be sent now.
    func flush(now: Duration) {
        var kept = 0
        for index in waiting.indices {
            let reporter = waiting[index]
            if reporter.isGone { continue }
            do {
                if try reporter.flush(context, book, now: now) {
                    reporter.isListed = false
                    continue
                }
            } catch {
                refused.note("\(error)")
            }
            waiting[kept] = reporter
            kept += 1
        }
        waiting.removeLast(waiting.count - kept)
    }

    /// Once a second: closes sockets to addresses where no sender is any more.
    ///
    /// - Parameter letGo: whether no sender at this address has spoken lately; asked of those without a connection.
    func check(proven: Set<String>, now: Duration, letGo: (String) -> Bool) {
        for address in strangers.expire(now: now) { remove(address) }
        for (address, reporter) in reporters {
            if !strangers.contains(address), !proven.contains(address) {
                // Its last session is over.
                remove(address)
            } else if reporter.isUnconnected(for: LinkTiming.followed, now: now), letGo(address) {
                strangers.remove(address)
                remove(address)
            } else {
                reporter.look(book, now: now)
            }
        }
    }

    func due(at now: Duration) -> (refused: (count: Int, example: String)?, crowded: (count: Int, example: String)?) {
        (refused.due(at: now), crowded.due(at: now))
    }

    private func remove(_ address: String) {
        reporters.removeValue(forKey: address)?.isGone = true
    }

    private func reporter(_ outgoing: LinkReceiver.OutgoingReport, _ now: Duration) -> Reporter? {
        let address = outgoing.ackAddress
        if let reporter = reporters[address] {
            if outgoing.isStranger {
                if strangers.contains(address) { _ = strangers.admit(address, now: now) }
            } else {
                strangers.remove(address)
            }
            if outgoing.replacesSocket { reporter.replace() }
            return reporter
        }
        guard let endpoint = PeerEndpoint(address) else {
            refused.note("\(address): expected tcp://HOST:PORT or ipc://PATH")
            return nil
        }
        if outgoing.isStranger {
            switch strangers.admit(address, now: now) {
            case .refused:
                crowded.note(address)
                return nil
            case .new(let replaced): if let replaced { remove(replaced) }
            case .known: break
            }
        }
        let reporter = Reporter(endpoint, now: now)
        reporters[address] = reporter
        return reporter
    }
}

/// The socket for reports to one sender.
///
/// Reports that cannot be sent yet wait; only the newest few matter.
@PipelineActor
private final class Reporter {
    private let endpoint: PeerEndpoint
    private var connection: Connection?
    /// Which of a name's addresses it goes to.
    private var chosen = 0
    private var waiting: [[UInt8]] = []
    private var bytes = 0
    /// It is listed among those with something to send.
    var isListed = false
    var isGone = false
    /// Since when there is no connection; `nil` while there is one.
    private var unconnectedSince: Duration?
    /// When the socket was opened, or opening it failed.
    private var opened: Duration = .zero

    private static let maxWaiting = 32
    private static let maxBytes = 4 << 20
    /// How long a connection may take before another address of the name is tried.
    private static let patience: Duration = .seconds(2)

    init(_ endpoint: PeerEndpoint, now: Duration) {
        self.endpoint = endpoint
        unconnectedSince = now
    }

    func append(_ frame: [UInt8]) {
        waiting.append(frame)
        bytes += frame.count
        while waiting.count > Self.maxWaiting || (waiting.count > 1 && bytes > Self.maxBytes) {
            bytes -= waiting.removeFirst().count
        }
    }

    /// - Returns: whether nothing waits any more.
    func flush(_ context: Context, _ book: AddressBook, now: Duration) throws(ZeroMQError) -> Bool {
        if connection == nil { try open(context, book, now) }
        guard let connection, try connection.isConnected() else {
            unconnectedSince = unconnectedSince ?? now
            return false
        }
        unconnectedSince = nil
        var sent = 0
        while sent < waiting.count, try connection.send(waiting[sent]) { sent += 1 }
        for frame in waiting.prefix(sent) { bytes -= frame.count }
        waiting.removeFirst(sent)
        return waiting.isEmpty
    }

    /// Another socket is opened for the next report, to the next address of a name.
    func replace() {
        connection = nil
        opened = .zero
        chosen &+= 1
    }

    func isUnconnected(for time: Duration, now: Duration) -> Bool { unconnectedSince.map { now - $0 >= time } ?? false }

    /// Records whether it is connected; a name is looked up again while it is not.
    func look(_ book: AddressBook, now: Duration) {
        if (try? connection?.isConnected()) == true {
            unconnectedSince = nil
            return
        }
        let since = unconnectedSince ?? now
        unconnectedSince = since
        guard case .name(let host, _) = endpoint else { return }
        let count = book.addresses(of: host, isForeign: true, now: now).count
        if connection != nil, count > 0, now - opened >= Self.patience { replace() }
    }

    private func open(_ context: Context, _ book: AddressBook, _ now: Duration) throws(ZeroMQError) {
        // A socket that could not be opened is tried again in a second.
        guard opened == .zero || now - opened >= .seconds(1) else { return }
        switch endpoint {
        case .numeric(let numeric):
            opened = now
            connection = try Connection.connect(context, to: numeric)
        case .name(let host, let port):
            let addresses = book.addresses(of: host, isForeign: true, now: now)
            guard !addresses.isEmpty else { return }
            opened = now
            let address = addresses[chosen % addresses.count]
            connection = try Connection.connect(context, to: NumericEndpoint(address: address, port: port))
        }
    }
}
