internal import CCurl
import Glibc
package import Loop
import Messages
import Primitives

/// HTTP exchanges, many at once, on the pipeline thread.
///
/// libcurl's multi interface, driven by the event loop. Connections are kept and reused (`Connections` says when not);
/// over TLS, HTTP/2 is used where it was negotiated. 307 and 308 are followed, with the body; other redirects are answers.
/// One `start` is one request on the wire (`Exchange.mayBeginRequest` names the exceptions). No proxy is used.
@PipelineActor
package final class HTTPClient {
    package typealias Completion = @PipelineActor (Result<HTTPResponse, HTTPError>) -> Void

    struct Slot {
        let exchange: Exchange
        /// Serial number of the exchange under way; 0 when there is none.
        var serial: UInt64 = 0
        /// When it was started, and when it is over at the latest, nanoseconds of CLOCK_MONOTONIC.
        var start: Int64 = 0
        var deadline: Int64 = 0
        var completion: Completion?
        var onBegin: (@PipelineActor () -> Void)?
        /// Found impossible before libcurl saw it.
        var refusal: HTTPError?
        /// It is over, and waits for what becomes of its connection.
        var isHeld = false
    }

    private let options: HTTPClientOptions
    private let loop: EventLoop
    let multi: Multi
    private(set) var slots: [Slot] = []
    private var idle: [Int] = []
    private var refused: [Int] = []
    /// Exchanges that are over and not yet decided.
    private var held = 0
    private var lastSerial: UInt64 = 0
    /// Descriptors that the loop watches, for what, and whether libcurl still asks for it.
    ///
    /// A connection between two exchanges stays watched: to stop and to start again are two system calls.
    private var watched: [CInt: (readiness: Readiness, isWanted: Bool)] = [:]
    private var timer: (id: TimerID, due: Int64)?
    /// When libcurl wants to be called; `Int64.max`: not at all.
    private var curlDue = Int64.max
    private var nextLook: Int64 = 0
    private var odd = OddServers()

    /// Exchanges under way.
    package private(set) var active = 0
    /// Told with a URL of a server that has sent what nobody asked for, once in ten minutes.
    package var onSurplus: @PipelineActor (_ url: String) -> Void = { _ in }

    /// - Throws: when a TLS file cannot be used, or libcurl cannot be started.
    package init(_ options: HTTPClientOptions = HTTPClientOptions(), loop: EventLoop = .shared) throws(HTTPError) {
        try options.tls.check()
        self.options = options
        self.loop = loop
        multi = try Multi(maxIdleConnections: options.maxIdleConnections)
    }

    /// Runs as a job of its own, so handlers may be called after the last reference is gone: they hold weak ones.
    isolated deinit {
        if let timer { loop.cancel(timer.id) }
        for descriptor in watched.keys { loop.unwatch(descriptor) }
        for slot in slots where slot.serial != 0 { curl_multi_remove_handle(multi.handle, slot.exchange.easy) }
    }

    /// Starts an exchange.
    ///
    /// - Parameters:
    ///   - onBegin: called once when it has a connection, perhaps before this function has returned.
    ///   - completion: called once, never before this function has returned, and never after `cancel`.
    @discardableResult
    package func start(
        _ request: HTTPRequest, onBegin: (@PipelineActor () -> Void)? = nil, completion: @escaping Completion
    ) -> TransferID {
        let slot = takeSlot(completion, timeout: request.timeout)
        slots[slot].onBegin = onBegin
        slots[slot].exchange.tellsWhenBegun = onBegin != nil
        begin(request, in: slot, timeout: request.timeout)
        return TransferID(slot: slot, serial: slots[slot].serial)
    }

    /// Ends an exchange without an answer, and its connection unless others share it.
    ///
    /// Its completion is not called. Harmless when it is over.
    package func cancel(_ id: TransferID) {
        guard slots[id.slot].serial == id.serial else { return }
        release(id.slot)
        carryOut()
    }

    // MARK: - One exchange

    private func takeSlot(_ completion: @escaping Completion, timeout: Duration) -> Int {
        let slot: Int
        if let free = idle.popLast() {
            slot = free
        } else {
            slot = slots.count
            slots.append(Slot(exchange: Exchange(options, slot: slot, multi: multi)))
        }
        lastSerial += 1
        active += 1
        slots[slot].serial = lastSerial
        let start = monotonicNanoseconds()
        let (deadline, isTooFar) = start.addingReportingOverflow(timeout.nanoseconds)
        slots[slot].start = start
        slots[slot].deadline = isTooFar ? .max : deadline
        slots[slot].completion = completion
        return slot
    }

    private func begin(
        _ request: HTTPRequest, in slot: Int, timeout: Duration, isFresh: Bool = false, waitsToShare: Bool = true
    ) {
        let exchange = slots[slot].exchange
        do throws(HTTPError) {
            try exchange.prepare(
                request, timeout: timeout, connectTimeout: options.connectTimeout,
                mayUseHTTP2: odd.mayUseHTTP2(request.url),
                waitsToShare: waitsToShare, isFresh: isFresh, isAlone: mustBeAlone(request.url))
            let code = curl_multi_add_handle(multi.handle, exchange.easy)
            guard code == CURLM_OK else { throw exchange.failure(.other, text(code)) }
            actOnTimers()
        } catch {
            slots[slot].refusal = error
            refused.append(slot)
            arm()
        }
    }

    /// Whether a request to this URL gets a connection of its own.
    private func mustBeAlone(_ url: String) -> Bool {
        for url in multi.connections.takeSurplus() where odd.noteSurplus(of: url, now: monotonicNanoseconds()) {
            onSurplus(redacted(url))
        }
        return odd.mustBeAlone(url, now: monotonicNanoseconds())
    }

    /// What an ended exchange brought, or `nil` when it goes on elsewhere.
    private func outcome(of slot: Int, _ code: CURLcode) -> Result<HTTPResponse, HTTPError>? {
        let exchange = slots[slot].exchange
        // A server may cancel what it does not want to read any more of once it has answered.
        guard code == CURLE_OK || exchange.isWhole else {
            guard exchange.isStale, let request = exchange.request else { return .failure(failure(of: exchange, code)) }
            goOn(request, in: slot, isFresh: true)
            return nil
        }
        if exchange.isDoubtful, !slots[slot].isHeld, sharesConnection(slot) {
            hold(slot)
            return nil
        }
        if let problem = exchange.problemAtTheEnd() {
            return .failure(exchange.failure(problem.kind, problem.reason))
        }
        guard let target = exchange.redirectTarget, let request = exchange.request else {
            return .success(exchange.response(keeping: options.responseHeaders))
        }
        guard exchange.redirects < HTTPRequest.maxRedirects else {
            return .failure(exchange.failure(.tooManyRedirects, "more than \(HTTPRequest.maxRedirects) redirects"))
        }
        exchange.noteRedirect()
        goOn(request.redirected(to: target), in: slot)
        return nil
    }

    /// libcurl closes a broken HTTP/2 connection when the last exchange on it has noticed; the server is told at once, and
    /// closes it too.
    private static let doubt = Duration.seconds(1)

    private func sharesConnection(_ slot: Int) -> Bool {
        slots.indices.contains {
            $0 != slot && slots[$0].serial != 0 && slots[$0].exchange.sharesConnection(with: slots[slot].exchange)
        }
    }

    /// Decides a moment later.
    private func hold(_ slot: Int) {
        slots[slot].isHeld = true
        held += 1
        let serial = slots[slot].serial
        loop.schedule(after: Self.doubt) { [weak self] in
            guard let self, slots[slot].serial == serial, let result = outcome(of: slot, CURLE_OK) else { return }
            finish(slot, result)
            carryOut()
        }
    }

    private func letGo(_ slot: Int) {
        if slots[slot].isHeld { held -= 1 }
        slots[slot].isHeld = false
    }

    func goOn(_ request: HTTPRequest, in slot: Int, isFresh: Bool = false, waitsToShare: Bool = true) {
        letGo(slot)
        curl_multi_remove_handle(multi.handle, slots[slot].exchange.easy)
        let left = slots[slot].deadline - monotonicNanoseconds()
        begin(request, in: slot, timeout: .nanoseconds(left), isFresh: isFresh, waitsToShare: waitsToShare)
    }

    private func failure(of exchange: Exchange, _ code: CURLcode) -> HTTPError {
        if exchange.head.liesAboutVersion, exchange.isSecure, let url = exchange.request?.url {
            odd.noteConfusion(of: url)
        }
        return exchange.failure(code)
    }

    private func finish(_ slot: Int, _ result: Result<HTTPResponse, HTTPError>) {
        let completion = slots[slot].completion
        release(slot)
        completion?(result)
    }

    private func release(_ slot: Int) {
        let exchange = slots[slot].exchange
        curl_multi_remove_handle(multi.handle, exchange.easy)
        exchange.clear()
        slots[slot].serial = 0
        slots[slot].completion = nil
        slots[slot].onBegin = nil
        slots[slot].refusal = nil
        letGo(slot)
        idle.append(slot)
        active -= 1
    }

    /// Lets those read on that wait for room; those that find none wait again.
    private func resumeReading() {
        guard !multi.paused.isEmpty, multi.bodies.takeNews() else { return }
        let paused = multi.paused
        multi.paused = []
        for slot in paused where slots[slot].exchange.isPaused {
            slots[slot].exchange.isPaused = false
            curl_easy_pause(slots[slot].exchange.easy, CURLPAUSE_CONT)
        }
    }

    // MARK: - Between libcurl and the loop

    /// How often libcurl is called again at once when it asks for that; after that, others have their turn.
    private static let maxRepeats = 8

    private func act(_ descriptor: CInt, _ events: CInt) {
        multi.act(on: descriptor, events: events)
        actOnTimers()
    }

    /// libcurl asks for its timers at once when an exchange begins, and when it has read more than it has handled.
    private func actOnTimers() {
        var repeats = 0
        while multi.timeout == 0, repeats < Self.maxRepeats {
            repeats += 1
            multi.timeout = nil
            curlDue = .max
            multi.act(on: CURL_SOCKET_TIMEOUT, events: 0)
        }
        carryOut()
    }

    private func ready(_ descriptor: CInt, _ readiness: Readiness) {
        guard watched[descriptor]?.isWanted == true else { return idleReady(descriptor) }
        var events: CInt = 0
        if readiness.contains(.readable) { events |= CURL_CSELECT_IN }
        if readiness.contains(.writable) { events |= CURL_CSELECT_OUT }
        if readiness.contains(.failed) { events |= CURL_CSELECT_ERR }
        act(descriptor, events)
        takeFinished()
    }

    /// Something happens on a connection that nobody uses.
    private func idleReady(_ descriptor: CInt) {
        if multi.connections.isIdle(descriptor), !multi.connections.dissolveIfItSpoke(descriptor) {
            // It was watched for room to write in.
            watched[descriptor]?.readiness = .readable
            return loop.watch(descriptor, .readable) { [weak self] in self?.ready(descriptor, $0) }
        }
        // On HTTP/2, and where the other side has ended it, libcurl sees that when it wants to use it.
        unwatch(descriptor)
    }

    private func takeFinished() {
        tellBegun()
        while let (slot, code) = multi.nextFinished() {
            if let result = outcome(of: slot, code) { finish(slot, result) }
        }
        while let slot = multi.answered.popLast() {
            guard slots[slot].serial != 0, slots[slot].exchange.isWhole else { continue }
            if let result = outcome(of: slot, CURLE_OK) { finish(slot, result) }
        }
        while let slot = multi.broken.popLast() {
            guard slots[slot].serial != 0, slots[slot].exchange.problem != nil else { continue }
            finish(slot, .failure(slots[slot].exchange.failure(CURLE_RECV_ERROR)))
        }
        carryOut()
    }

    private func tellBegun() {
        while let slot = multi.begun.popLast() { slots[slot].onBegin.take()?() }
    }

    /// Does what libcurl asked for since the last time.
    func carryOut() {
        tellBegun()
        resumeReading()
        for descriptor in multi.opened { unwatch(descriptor) }
        multi.opened.removeAll(keepingCapacity: true)
        for (index, interest) in multi.interests.enumerated() {
            if interest.what == CURL_POLL_REMOVE {
                watched[interest.descriptor]?.isWanted = false
            } else if multi.interests[(index + 1)...].contains(where: { $0.descriptor == interest.descriptor }) {
                // libcurl 7.88 closes a connection that was not made in time by itself: only its last word counts.
                continue
            } else {
                watch(interest.descriptor, Readiness(poll: interest.what))
            }
        }
        multi.interests.removeAll(keepingCapacity: true)
        for descriptor in multi.unused {
            unwatch(descriptor)
            close(descriptor)
        }
        multi.unused.removeAll(keepingCapacity: true)
        if let timeout = multi.timeout {
            multi.timeout = nil
            curlDue = timeout < 0 ? .max : monotonicNanoseconds() + Int64(min(timeout, 1 << 31)) * 1_000_000
        }
        arm()
    }

    private func watch(_ descriptor: CInt, _ readiness: Readiness) {
        let before = watched.updateValue((readiness, true), forKey: descriptor)
        if before?.readiness == readiness { return }
        loop.watch(descriptor, readiness) { [weak self] in self?.ready(descriptor, $0) }
    }

    private func unwatch(_ descriptor: CInt) {
        if watched.removeValue(forKey: descriptor) != nil { loop.unwatch(descriptor) }
    }

    // MARK: - Time

    /// libcurl's timer, and a look at all exchanges once a second: libcurl does not count the time of exchanges that
    /// wait for a connection to say whether they may share it (7.88, CURLOPT_PIPEWAIT).
    private func arm() {
        var due = Int64.max
        if !refused.isEmpty || multi.running < active - refused.count - held {
            due = 0
        } else if active > 0 {
            due = min(curlDue, monotonicNanoseconds() + 1_000_000_000)
        }
        guard due != .max else { return }
        if let timer {
            if timer.due <= due { return }
            loop.cancel(timer.id)
        }
        let id = loop.schedule(after: .nanoseconds(max(0, due - monotonicNanoseconds()))) { [weak self] in
            self?.timerFired()
        }
        timer = (id, due)
    }

    private func timerFired() {
        timer = nil
        takeRefused()
        if curlDue <= monotonicNanoseconds() { multi.timeout = 0 }
        actOnTimers()
        takeFinished()
        endOverdue()
    }

    private func takeRefused() {
        let slots = refused
        refused = []
        for slot in slots {
            if let error = self.slots[slot].refusal { finish(slot, .failure(error)) }
        }
    }

    private func endOverdue() {
        let now = monotonicNanoseconds()
        guard now >= nextLook else { return }
        nextLook = now + 1_000_000_000
        endLongWaits(now: now)
        let limit = now - 500_000_000
        for slot in slots.indices where slots[slot].serial != 0 && slots[slot].deadline < limit {
            finish(slot, .failure(slots[slot].exchange.failure(.timeout, "timed out while waiting for a connection")))
        }
        carryOut()
    }
}
