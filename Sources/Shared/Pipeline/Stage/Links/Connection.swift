import Loop
import Wire
import ZeroMQ

/// A ZeroMQ socket whose events wake the event loop.
///
/// The watch only makes the loop turn; the link's turn handler reads and writes. When the last reference goes, the
/// watch ends first, then the socket closes, since the system may reuse the descriptor's number after that.
///
/// libzmq signals news on its descriptor only once until the socket's events are read (zmq_getsockopt(3) ZMQ_FD). So
/// they are read after each signal, and at no other time: reading them costs two system calls.
@PipelineActor
final class Connection {
    private let socket: Socket
    let descriptor: CInt
    /// There is news that `events` does not contain yet.
    private var hasNews = true
    private var events = (canReceive: false, canSend: false)

    /// A PUSH socket connected to one peer.
    static func connect(_ context: Context, to endpoint: NumericEndpoint) throws(ZeroMQError) -> Connection {
        let socket = try context.makeSocket(.push, .link)
        try socket.connect(endpoint.description)
        let descriptor = try socket.descriptor()
        return Connection(socket, descriptor)
    }

    /// A PULL socket bound to an endpoint without a name: see `BindEndpoint`.
    static func bind(_ context: Context, to endpoint: String) throws(ZeroMQError) -> Connection {
        let socket = try context.makeSocket(.pull, .link)
        try socket.bind(endpoint)
        let descriptor = try socket.descriptor()
        return Connection(socket, descriptor)
    }

    private init(_ socket: consuming Socket, _ descriptor: CInt) {
        self.socket = socket
        self.descriptor = descriptor
        // The descriptor signals news once; a turn that is delayed must not be requested again and again.
        EventLoop.shared.watch(descriptor, [.readable, .onChange]) { [weak self] _ in self?.hasNews = true }
    }

    isolated deinit { EventLoop.shared.unwatch(descriptor) }

    /// - Returns: `false` while there is no connection, or it is full.
    func send(_ frame: [UInt8]) throws(ZeroMQError) -> Bool {
        if try socket.send(frame) { return true }
        hasNews = true
        return false
    }

    /// Takes the next frame, `nil` when none has come.
    func receive() throws(ZeroMQError) -> [UInt8]? {
        while try currentEvents().canReceive {
            if let frame = try socket.receive() { return frame }
            // Frames that come from now on cause a new signal, or are in the events that are read next.
            hasNews = true
        }
        return nil
    }

    /// Whether a frame could be sent now.
    func isConnected() throws(ZeroMQError) -> Bool { try currentEvents().canSend }

    func boundEndpoint() throws(ZeroMQError) -> String { try socket.boundEndpoint() }

    private func currentEvents() throws(ZeroMQError) -> (canReceive: Bool, canSend: Bool) {
        if hasNews {
            hasNews = false
            events = try socket.events()
        }
        return events
    }
}

extension SocketOptions {
    /// Messages wait in the sender, which knows their order among hellos, rather than in libzmq: its queues are only as
    /// long as a fast peer needs to stay busy.
    fileprivate static let link = SocketOptions(highWaterMark: 1000, maxFrame: Int64(Frame.maxSize))
}
