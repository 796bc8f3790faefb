package import Links
package import Logging
package import Loop
package import Messages
package import PipelineMetrics
package import Status
package import Tap
import Wire
import ZeroMQ

/// All links of one process: at most one incoming, any number outgoing, and the one socket where reports about all
/// outgoing links arrive.
///
/// A turn takes messages first, lets the stage process them, and then sends the resulting messages. Under load turns
/// are spaced, so that each carries several messages, which share its cost (waking two threads at each end, checking
/// every socket).
@PipelineActor
package final class StageLinks {
    /// Where the outgoing links go.
    private struct Route {
        let link: OutgoingLink
        /// As configured, with names.
        let endpoints: [String]
    }

    private let context: Context
    private let registry: MetricsRegistry
    private let logger: Logger
    private let book = AddressBook()
    private var routes: [Route] = []
    private var incoming: IncomingLink?
    private var acks: Connection?
    private var ackLine = RareLine()
    private var lookupLine = RareLine()
    private var strangeLine = RareLine()
    /// Names whose servers do not answer, and for which that was logged.
    private var unanswered: Set<String> = []
    private var wrongSetting: LinkError?
    /// Frames that arrive there and are for other processes.
    private var strays = StrayFrames()
    private var complaints = Complaints()
    /// The address for reports that peers are told; `nil` without an outgoing link.
    package private(set) var ackAddress: String?
    private var unknownReports: Counter?
    /// Where copies of envelopes go; `nil` unless it was bound.
    package private(set) var tap: Tap?
    private var turnHandler: TurnHandlerID?
    /// Half a millisecond: at 20,000 requests a second ten of them share a turn.
    private var pacer = Pacer(spacing: .microseconds(500), burst: 8)
    /// More frames had arrived than one turn takes.
    private var hasMore = false
    private static let framesPerTurn = 256

    package init(registry: MetricsRegistry, logger: Logger) throws(LinkError) {
        do { context = try Context() } catch { throw LinkError(error) }
        self.registry = registry
        self.logger = logger
    }

    isolated deinit {
        if let turnHandler { EventLoop.shared.remove(turnHandler) }
    }

    /// Binds the socket for reports.
    ///
    /// Before the first outgoing link.
    ///
    /// - Parameter advertise: the address that peers are told; `nil` for the bound address, or for a wildcard the first
    ///   address of this machine that is no loopback.
    package func bindAcks(_ endpoint: String, advertise: String?) throws(LinkError) {
        do {
            let connection = try Connection.bind(context, to: BindEndpoint.numeric(endpoint))
            let bound = try connection.boundEndpoint()
            guard let address = advertise ?? AdvertisedAddress.of(bound: bound) else {
                throw LinkError(reason: "--acks \(endpoint): this machine has no address but loopback to advertise")
            }
            acks = connection
            ackAddress = address
            logger.info("Reports arrive here", metadata: ["bound": "\(bound)", "advertised": "\(address)"])
        } catch let error as ZeroMQError {
            throw LinkError(error)
        } catch let error as LinkError {
            throw error
        } catch {
            throw LinkError(reason: "\(error)")
        }
    }

    /// Binds the tap.
    ///
    /// To be called before the links are made, which take it from here.
    package func bindTap(_ endpoint: String, stage: String, showsPayloads: Bool) throws(LinkError) {
        do {
            let tap = try Tap(
                context, endpoint: BindEndpoint.numeric(endpoint), stage: stage, showsPayloads: showsPayloads,
                registry: registry,
                logger: logger)
            let bound = try tap.boundEndpoint()
            logger.info("Copies can be had here", metadata: ["bound": "\(bound)"])
            self.tap = tap
        } catch let error as ZeroMQError {
            throw error.isAddressInUse ? LinkError(error) : LinkError(reason: "--tap: \(error)")
        } catch let error as LinkError {
            throw error
        } catch {
            throw LinkError(reason: "--tap: \(error)")
        }
    }

    /// Opens the link to the processes at `endpoints`, all addresses of each name.
    ///
    /// - Parameters:
    ///   - largeFrom: bytes from which messages are overtaken by smaller ones.
    ///   - wiring: which processes belong there; `nil`: any that answers.
    package func outgoing(
        _ name: String, to endpoints: [String], maxDeliveries: Int, largeFrom: Int = .max, wiring: LinkWiring? = nil
    ) -> OutgoingLink {
        guard let ackAddress else { preconditionFailure("an outgoing link needs the socket for reports") }
        let link = OutgoingLink(
            name: name, context: context, ackAddress: ackAddress, maxDeliveries: maxDeliveries,
            largeFrom: largeFrom, wiring: wiring, metrics: LinkMetrics(registry: registry, link: name), logger: logger,
            tap: tap)
        routes.append(Route(link: link, endpoints: endpoints))
        return link
    }

    /// Binds the incoming link.
    ///
    /// - Parameter wiring: which processes may send there; `nil`: any that sends a hello.
    package func incoming(
        _ name: String, listen: String, wiring: LinkWiring? = nil
    ) throws(LinkError) -> IncomingLink {
        do {
            let link = try IncomingLink(
                name: name, context: context, listen: BindEndpoint.numeric(listen), book: book, wiring: wiring,
                metrics: LinkMetrics(registry: registry, link: name), logger: logger, tap: tap)
            incoming = link
            return link
        } catch let error as ZeroMQError {
            throw LinkError(error)
        } catch let error as LinkError {
            throw error
        } catch {
            throw LinkError(reason: "\(error)")
        }
    }

    /// Lets the links take part in the event loop's turns.
    package func start() {
        turnHandler = EventLoop.shared.onTurn { [weak self] in self?.turn() }
        keepTicking()
        everySecond()
    }

    /// Keeps addresses up to date until the task is cancelled.
    ///
    /// - Returns: a peer that could never reach the advertised address, which is a wrong setting.
    package func resolve() async -> LinkError? {
        book.onNews = { [weak self] in self?.applyAddresses() }
        while !Task.isCancelled {
            applyAddresses()
            if let wrongSetting { return wrongSetting }
            try? await Task.sleep(for: .seconds(2))
        }
        return nil
    }

    /// Tells each link the addresses known for the names of its peers.
    private func applyAddresses() {
        for route in routes {
            var seen: Set<String> = []
            let addresses = route.endpoints.flatMap(addresses).filter { seen.insert($0).inserted }
            if let ackAddress, AdvertisedAddress.isLocal(ackAddress),
                let remote = addresses.first(where: { !AdvertisedAddress.isLocal($0) && !isOwn($0) })
            {
                wrongSetting = LinkError(
                    reason: "--acks-advertise: the peer at \(remote) cannot reach \(ackAddress) on this machine's "
                        + "loopback; set --bind-host or --acks-advertise to an address that it can reach")
                return
            }
            route.link.resolve(addresses)
        }
    }

    /// The addresses known now; for a name whose look-up fails, those known before.
    private func addresses(of endpoint: String) -> [String] {
        switch PeerEndpoint(endpoint) {
        case .numeric(let numeric): [numeric.description]
        case .name(let host, let port):
            book.addresses(of: host, isForeign: false, now: EventLoop.shared.now).map { "tcp://\($0):\(port)" }
        case nil: []
        }
    }

    /// Names of outgoing links without a live peer.
    package var linksWithoutPeer: [String] { routes.filter { !$0.link.hasLivePeer }.map(\.link.name) }

    /// Current problems with the processes at the other ends.
    package var problems: [WiringProblem] {
        routes.flatMap(\.link.problems) + (incoming?.problems ?? []) + strays.problems(at: EventLoop.shared.now)
    }

    /// Requests that have come here and not ended; without an incoming link, those sent and not ended.
    package var unfinished: Int { incoming?.unfinishedCount ?? sentAndOpen }

    /// Those that this process itself has to bring on: others wait for who was sent them.
    package var ownWork: Int { max(0, (incoming?.unfinishedCount ?? 0) - sentAndOpen) }

    /// Requests that were sent on or have ended, since the process began.
    package var moved: UInt64 { (incoming?.totals.finished ?? 0) + routes.reduce(0) { $0 + $1.link.totals.sent } }

    private var sentAndOpen: Int { routes.reduce(0) { $0 + $1.link.openCount } }

    /// Every process at the other end of a link, for `/status`.
    package var peers: [StatusReport.Peer] {
        let downstream = routes.flatMap { route in
            route.link.peerStatus.map { StatusReport.Peer($0, link: route.link.name) }
        }
        let upstream = incoming.map { link in link.sessionStatus.map { StatusReport.Peer($0, link: link.name) } }
        return downstream + (upstream ?? [])
    }

    /// Where requests with this id are on outgoing links, or behind them.
    package func held(id: ExactText) -> [HeldRequest] { routes.flatMap { $0.link.held(id: id) } }

    /// Brings the links' metrics up to date.
    package func updateMetrics() {
        for route in routes { route.link.updateMetrics() }
        incoming?.updateMetrics()
    }

    /// Says goodbye on all links and gives the last frames a moment to leave.
    package func leave() async {
        incoming?.leave()
        for route in routes { route.link.leave() }
        try? await Task.sleep(for: .milliseconds(100))
        if let turnHandler { EventLoop.shared.remove(turnHandler) }
        turnHandler = nil
        tap?.close()
    }

    private func isOwn(_ endpoint: String) -> Bool {
        tcpHostAndPort(endpoint).map { AdvertisedAddress.isOwnAddress($0.host) } ?? true
    }

    /// - Returns: when the next turn is due, if it is.
    private func turn() -> Duration? {
        if !hasMore, let delay = pacer.delay(at: EventLoop.shared.now) { return delay }
        let hasMoreReports = receiveReports()
        let hasMoreMessages = incoming?.receive() ?? false
        for route in routes { route.link.turn() }
        let next = incoming?.report()
        hasMore = hasMoreReports || hasMoreMessages
        return hasMore ? .zero : next
    }

    private func receiveReports() -> Bool {
        guard let acks else { return false }
        do {
            for _ in 0..<Self.framesPerTurn {
                guard let frame = try acks.receive() else { return false }
                take(frame)
            }
        } catch {
            ackLine.note("\(error)")
            return false
        }
        return true
    }

    private func take(_ frame: [UInt8]) {
        do throws(WireError) {
            switch try Frame(decoding: frame) {
            case .report(let report): deliver(report)
            case .hello(let hello): noteStray(hello.from, "says hello")
            default: strangeLine.note("a message for another port")
            }
        } catch {
            strangeLine.note("\(error)")
        }
    }

    /// Goes to the link whose session it is about; if there is none, the first link counts it.
    private func deliver(_ report: Report) {
        if let route = routes.first(where: { $0.link.hasSession(report.session) }) {
            return route.link.receive(report)
        }
        if let from = report.from, !routes.contains(where: { $0.link.mayHear(from: from) }) {
            noteStray(from, "sends reports for another process")
        }
        routes.first?.link.receive(report)
    }

    private func noteStray(_ from: Introduction?, _ what: String) {
        guard let from, let ackAddress else { return }
        strays.note(
            "\(from.text) \(what) at \(ackAddress), where this process takes reports", at: EventLoop.shared.now)
    }

    /// The links count their own running time, and want to see the clock often while nothing else happens.
    private func keepTicking() {
        EventLoop.shared.schedule(after: LinkTiming.tick) { [weak self] in
            guard let self, turnHandler != nil else { return }
            keepTicking()
        }
    }

    private func say() {
        let now = EventLoop.shared.now
        if let line = ackLine.due(at: now) {
            logger.error("Cannot receive reports", metadata: ["count": "\(line.count)", "error": "\(line.example)"])
        }
        if let line = strangeLine.due(at: now) {
            logger.warning(
                "Frames that are no reports were dropped where reports arrive",
                metadata: ["count": "\(line.count)", "error": "\(line.example)"])
        }
        let silent = Set(book.unanswered(now: now))
        for name in silent.subtracting(unanswered).sorted() { lookupLine.note(name) }
        unanswered = silent
        if let line = lookupLine.due(at: now) {
            logger.warning(
                "No name server answers for a peer's name; everything else goes on",
                metadata: ["count": "\(line.count)", "name": "\(line.example)"])
        }
    }

    private func everySecond() {
        EventLoop.shared.schedule(after: .seconds(1)) { [weak self] in
            guard let self, turnHandler != nil else { return }
            for route in routes { route.link.checkPeers() }
            incoming?.check()
            say()
            complaints.say(strays.problems(at: EventLoop.shared.now), logger)
            everySecond()
        }
    }
}

/// A link that cannot be set up.
package struct LinkError: Error, CustomStringConvertible {
    /// The operation, its object, and the answer of the system.
    package let description: String
    /// A restart may cure it (an address that is still taken); otherwise a setting is wrong.
    package let isTransient: Bool

    init(_ error: ZeroMQError) {
        description = error.description
        isTransient = true
    }

    init(reason: String) {
        description = reason
        isTransient = false
    }

    init(transient reason: String) {
        description = reason
        isTransient = true
    }
}

extension StatusReport.Peer {
    fileprivate init(_ peer: PeerStatus, link: String) {
        let state =
            peer.misfit != nil
            ? "refused"
            : peer.isLost
                ? "lost"
                : peer.isDraining
                    ? "draining"
                    : peer.isLive
                        ? "alive"
                        : peer.hasAnswered ? "opening" : "silent"
        self.init(
            link: link, address: peer.address, state: state, room: peer.room, open: peer.open,
            oldestOpen: peer.oldestOpen)
    }

    fileprivate init(_ session: SessionStatus, link: String) {
        let state = session.isDraining ? "draining" : session.isLive ? "alive" : "silent"
        self.init(
            link: link, address: session.ackAddress, state: state, room: session.room, open: session.unfinished)
    }
}
