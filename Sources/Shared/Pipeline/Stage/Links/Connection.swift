import Loop
import Wire
import ZeroMQ

/// A ZeroMQ socket whose events wake the event loop.
///
/// The watch only makes the loop turn; the link's turn handler reads and writes. The last reference ends the watch, then
/// the socket closes: in this order, since the descriptor's number is somebody else's after that.
@PipelineActor
final class Connection {
    private let socket: Socket
    let descriptor: CInt

    /// A PUSH socket connected to one peer.
    static func connect(_ context: Context, to endpoint: String) throws(ZeroMQError) -> Connection {
        let socket = try context.makeSocket(.push, .link)
        try socket.connect(endpoint)
        let descriptor = try socket.descriptor()
        return Connection(socket, descriptor)
    }

    /// A PULL socket bound to an endpoint.
    static func bind(_ context: Context, to endpoint: String) throws(ZeroMQError) -> Connection {
        let socket = try context.makeSocket(.pull, .link)
        try socket.bind(endpoint)
        let descriptor = try socket.descriptor()
        return Connection(socket, descriptor)
    }

    private init(_ socket: consuming Socket, _ descriptor: CInt) {
        self.socket = socket
        self.descriptor = descriptor
        // What is new is said once; a turn that is put off must not be asked for again and again.
        EventLoop.shared.watch(descriptor, [.readable, .onChange]) { _ in }
    }

    isolated deinit { EventLoop.shared.unwatch(descriptor) }

    /// - Returns: `false` while there is no connection, or it is full.
    func send(_ frame: [UInt8]) throws(ZeroMQError) -> Bool { try socket.send(frame) }

    /// Takes the next frame, `nil` when none has come.
    func receive() throws(ZeroMQError) -> [UInt8]? { try socket.receive() }

    /// Whether a frame could be sent now.
    ///
    /// To be read once in every turn: reading it re-arms the wake-up.
    func isConnected() throws(ZeroMQError) -> Bool { try socket.events().canSend }

    func boundEndpoint() throws(ZeroMQError) -> String { try socket.boundEndpoint() }
}

extension SocketOptions {
    /// Messages wait in the sender's hands, where their order among hellos is known, rather than in libzmq's: its
    /// queues are only as long as keeps a fast peer busy.
    fileprivate static let link = SocketOptions(highWaterMark: 1000, maximumFrame: Int64(Frame.maxSize))
}
