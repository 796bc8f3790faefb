import Loop
import ZeroMQ

/// The tap of one process, seen from here: what comes, what was lost, whether somebody is there.
@PipelineActor
final class TapSource {
    let endpoint: String
    private let socket: Socket
    private let monitor: Socket
    private let descriptors: [CInt]
    /// Whether it gets everything the other end writes, so that missing numbers are copies lost.
    private let getsEverything: Bool
    private var lastNumber: UInt64 = 0
    private var lost: UInt64 = 0
    private var isConnected = false
    private var hasCopy = false
    /// What was last said about the connection.
    private var said: Said = .nothing

    private enum Said { case nothing, absent, silent }

    /// Copies that wait here, at most, besides those that wait at the other end.
    private static let highWaterMark: CInt = 10_000

    init(_ context: Context, endpoint: String, subscriptions: [String]) throws(ZeroMQError) {
        self.endpoint = endpoint
        getsEverything = subscriptions == [""]
        let options = SocketOptions(
            highWaterMark: Self.highWaterMark, queuesWithoutPeer: true, maxFrame: 16 << 20)
        let socket = try context.makeSocket(.subscriber, options)
        let monitor = try socket.makeMonitor()
        for prefix in subscriptions { try socket.subscribe(Array(prefix.utf8)) }
        try socket.connect(endpoint)
        descriptors = [try socket.descriptor(), try monitor.descriptor()]
        self.socket = socket
        self.monitor = monitor
        for descriptor in descriptors { EventLoop.shared.watch(descriptor, .readable) { _ in } }
    }

    func close() {
        for descriptor in descriptors { EventLoop.shared.unwatch(descriptor) }
    }

    /// The document of the next copy; `nil` when none has come.
    func receive() throws(ZeroMQError) -> [UInt8]? {
        guard let message = try socket.receiveMessage() else {
            // Reading it arms the wake-up again.
            _ = try socket.events()
            return nil
        }
        let document = message.last ?? []
        count(TapRecord.number(of: document))
        hasCopy = true
        return document
    }

    /// What is new about the connection, for people; empty if nothing is.
    func connectionNews() throws(ZeroMQError) -> String {
        var news = ""
        while let event = try monitor.receiveConnectionEvent() {
            let wasConnected = isConnected
            isConnected = event == .connected
            if isConnected && said == .absent {
                news += "connected to \(endpoint)\n"
                said = .nothing
            } else if !isConnected && wasConnected {
                news += "\(endpoint) has gone; trying again\n"
                said = .absent
            }
        }
        _ = try monitor.events()
        return news
    }

    /// Some seconds have passed: why nothing has come from there, for people; empty if something has.
    func silence() -> String {
        if hasCopy || said != .nothing { return "" }
        said = isConnected ? .silent : .absent
        return isConnected
            ? "connected to \(endpoint), no copy yet: nothing passes there that is asked for\n"
            : "no copy yet from \(endpoint): nobody listens there; trying again\n"
    }

    /// Copies that were written for everybody and did not come, since this was last asked.
    func takeLost() -> String {
        defer { lost = 0 }
        return lost == 0 ? "" : "\(lost) copies from \(endpoint) were lost: this end is too slow for them\n"
    }

    /// A number below the last is that of a process that has been started again.
    private func count(_ number: UInt64) {
        if getsEverything, lastNumber > 0, number > lastNumber { lost += number - lastNumber - 1 }
        lastNumber = number
    }
}
