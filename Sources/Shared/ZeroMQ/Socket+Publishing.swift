internal import CZeroMQ

/// Publishing and subscribing: messages of two frames, a topic and a body.
extension Socket {
    /// Hands a message of two frames to libzmq, which copies them, for each subscriber that wants its topic.
    ///
    /// A subscriber whose queue is full does not get it, nor any error: zmq_socket(3), ZMQ_XPUB.
    package borrowing func publish(_ topic: [UInt8], _ body: [UInt8]) throws(ZeroMQError) {
        for (frame, flags) in [(topic, ZMQ_DONTWAIT | ZMQ_SNDMORE), (body, ZMQ_DONTWAIT)] {
            try require("zmq_send of \(frame.count) bytes") {
                frame.withUnsafeBytes { zmq_send(handle, $0.baseAddress, $0.count, flags) }
            }
        }
    }

    /// Asks for the messages whose topic begins with these bytes; without any, for all.
    package borrowing func subscribe(_ prefix: [UInt8]) throws(ZeroMQError) {
        try require("zmq_setsockopt ZMQ_SUBSCRIBE") {
            prefix.withUnsafeBytes { zmq_setsockopt(handle, ZMQ_SUBSCRIBE, $0.baseAddress, $0.count) }
        }
    }

    /// Takes all frames of the next message; `nil` when none has arrived.
    package borrowing func receiveMessage() throws(ZeroMQError) -> [[UInt8]]? {
        guard let first = try receiveFrame() else { return nil }
        var frames = [first.bytes]
        var hasMore = first.hasMore
        while hasMore, let next = try receiveFrame() {
            frames.append(next.bytes)
            hasMore = next.hasMore
        }
        return frames
    }
}

/// Whether a socket has somebody at the other end.
package enum ConnectionEvent: Sendable, Equatable { case connected, disconnected }

extension Socket {
    /// A socket that tells when a connection of this one is made, and when it ends; for `receiveConnectionEvent`.
    ///
    /// Source: zmq_socket_monitor(3).
    package borrowing func makeMonitor() throws(ZeroMQError) -> Socket {
        let endpoint = "inproc://monitor-\(UInt(bitPattern: handle))"
        try require("zmq_socket_monitor") {
            zmq_socket_monitor(handle, endpoint, ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED)
        }
        let monitor = try context.makeSocket(.pair, SocketOptions(highWaterMark: 1000, maxFrame: 4096))
        try monitor.connect(endpoint)
        return monitor
    }

    /// Takes the next event from a monitor; `nil` when none has arrived.
    ///
    /// The first frame begins with the event's number, 16 bits in the machine's order.
    package borrowing func receiveConnectionEvent() throws(ZeroMQError) -> ConnectionEvent? {
        while let message = try receiveMessage() {
            guard let first = message.first, first.count >= 2 else { continue }
            switch CInt(first.withUnsafeBytes { $0.loadUnaligned(as: UInt16.self) }) {
            case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: return .connected
            case ZMQ_EVENT_DISCONNECTED: return .disconnected
            default: continue
            }
        }
        return nil
    }
}
