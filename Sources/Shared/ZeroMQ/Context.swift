internal import CZeroMQ

/// libzmq's I/O thread and the sockets it serves.
///
/// One per process.
///
/// `@unchecked Sendable`: a context is thread safe, zmq_ctx_new(3). It ends when the last socket and the last
/// reference are gone.
package final class Context: @unchecked Sendable {
    private let handle: UnsafeMutableRawPointer

    package init() throws(ZeroMQError) {
        guard let handle = zmq_ctx_new() else { throw ZeroMQError(call: "zmq_ctx_new", code: zmq_errno()) }
        self.handle = handle
        // libzmq stops at 1023 sockets otherwise; the bounds are ours, where it is known who is at the other end.
        zmq_ctx_set(handle, ZMQ_MAX_SOCKETS, 8192)
    }

    deinit { zmq_ctx_term(handle) }

    package func makeSocket(_ kind: Socket.Kind, _ options: SocketOptions) throws(ZeroMQError) -> Socket {
        guard let handle = zmq_socket(handle, kind.rawValue) else {
            throw ZeroMQError(call: "zmq_socket", code: zmq_errno())
        }
        let socket = Socket(handle: handle, context: self)
        try socket.apply(options)
        return socket
    }
}

/// What the sockets of a link are set to; nothing is left to libzmq's defaults.
///
/// Source: zmq_setsockopt(3).
package struct SocketOptions: Sendable {
    /// Messages queued per peer, on each side of the connection.
    package var highWaterMark: CInt
    /// Whether messages wait for a connection that is not there.
    ///
    /// Without, `send` refuses them until it is.
    package var queuesWithoutPeer: Bool
    /// The largest frame a peer may send, in bytes; a larger one ends the connection.
    package var maxFrame: Int64

    package init(highWaterMark: CInt, queuesWithoutPeer: Bool = false, maxFrame: Int64) {
        self.highWaterMark = highWaterMark
        self.queuesWithoutPeer = queuesWithoutPeer
        self.maxFrame = maxFrame
    }
}

extension Socket {
    /// No linger: what a closed socket still held is known to be lost and sent again.
    ///
    /// Reconnects start at 50 ms and stay below a second. Heartbeats stay off, since a large frame on a slow link looks
    /// like silence to them.
    fileprivate borrowing func apply(_ options: SocketOptions) throws(ZeroMQError) {
        try set(ZMQ_SNDHWM, to: options.highWaterMark)
        try set(ZMQ_RCVHWM, to: options.highWaterMark)
        try set(ZMQ_IMMEDIATE, to: CInt(options.queuesWithoutPeer ? 0 : 1))
        try set(ZMQ_MAXMSGSIZE, to: options.maxFrame)
        try set(ZMQ_IPV6, to: CInt(1))
        try set(ZMQ_LINGER, to: CInt(0))
        try set(ZMQ_HANDSHAKE_IVL, to: CInt(5000))
        try set(ZMQ_CONNECT_TIMEOUT, to: CInt(3000))
        try set(ZMQ_RECONNECT_IVL, to: CInt(50))
        try set(ZMQ_RECONNECT_IVL_MAX, to: CInt(800))
        try set(ZMQ_TCP_KEEPALIVE, to: CInt(1))
        try set(ZMQ_TCP_KEEPALIVE_IDLE, to: CInt(30))
    }
}
