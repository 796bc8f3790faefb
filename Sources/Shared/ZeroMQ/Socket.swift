internal import CZeroMQ

/// One ZeroMQ socket, owned by whoever holds this value.
///
/// libzmq lets one thread at a time use a socket. `Socket` cannot be copied and is not `Sendable`, so the compiler
/// refuses a second user. Going out of scope closes it. No call waits.
///
/// A publisher is an XPUB socket: it is told what its subscribers want, and reads that like messages.
///
/// Source: zmq_socket(3), zmq_msg_recv(3), libzmq 4.3.4.
package struct Socket: ~Copyable {
    package enum Kind: CInt, Sendable { case pair = 0, subscriber = 2, pull = 7, push = 8, publisher = 9 }

    let handle: UnsafeMutableRawPointer
    let context: Context  // zmq_ctx_term(3) waits for its sockets, so a socket keeps its context alive

    init(handle: UnsafeMutableRawPointer, context: Context) {
        self.handle = handle
        self.context = context
    }

    deinit { zmq_close(handle) }

    package borrowing func bind(_ endpoint: String) throws(ZeroMQError) {
        try require("zmq_bind \(endpoint)") { zmq_bind(handle, endpoint) }
    }

    package borrowing func connect(_ endpoint: String) throws(ZeroMQError) {
        try require("zmq_connect \(endpoint)") { zmq_connect(handle, endpoint) }
    }

    /// Hands one frame to libzmq, which copies it.
    ///
    /// - Returns: `false` when no peer is connected or every peer's queue is full; then nothing was sent.
    package borrowing func send(_ frame: [UInt8]) throws(ZeroMQError) -> Bool {
        try attempt("zmq_send of \(frame.count) bytes") {
            frame.withUnsafeBytes { zmq_send(handle, $0.baseAddress, $0.count, ZMQ_DONTWAIT) }
        } != nil
    }

    /// Takes the next frame; `nil` when none has arrived.
    ///
    /// A message of several frames is none of ours: its first frame is given, the others are dropped.
    package borrowing func receive() throws(ZeroMQError) -> [UInt8]? {
        guard let first = try receiveFrame() else { return nil }
        var hasMore = first.hasMore
        while hasMore { hasMore = try receiveFrame()?.hasMore ?? false }
        return first.bytes
    }

    borrowing func receiveFrame() throws(ZeroMQError) -> (bytes: [UInt8], hasMore: Bool)? {
        var message = zmq_msg_t()
        zmq_msg_init(&message)
        defer { zmq_msg_close(&message) }
        guard try attempt("zmq_msg_recv", { zmq_msg_recv(&message, handle, ZMQ_DONTWAIT) }) != nil else { return nil }
        let buffer = UnsafeRawBufferPointer(start: zmq_msg_data(&message), count: zmq_msg_size(&message))
        return ([UInt8](buffer), zmq_msg_more(&message) != 0)
    }

    /// Whether a frame could be taken, and whether one could be sent, now.
    ///
    /// Reading this also re-arms `descriptor`. A PUSH socket that does not queue without a peer can send only while
    /// connected.
    package borrowing func events() throws(ZeroMQError) -> (canReceive: Bool, canSend: Bool) {
        var events: CInt = 0
        var size = MemoryLayout<CInt>.size
        try require("zmq_getsockopt ZMQ_EVENTS") { zmq_getsockopt(handle, ZMQ_EVENTS, &events, &size) }
        return (events & CInt(ZMQ_POLLIN) != 0, events & CInt(ZMQ_POLLOUT) != 0)
    }

    /// Becomes readable when something may have happened; then look at `events`.
    ///
    /// It is a hint, and is not readable again before `events` was read, zmq_getsockopt(3) ZMQ_FD.
    package borrowing func descriptor() throws(ZeroMQError) -> CInt {
        var descriptor: CInt = 0
        var size = MemoryLayout<CInt>.size
        try require("zmq_getsockopt ZMQ_FD") { zmq_getsockopt(handle, ZMQ_FD, &descriptor, &size) }
        return descriptor
    }

    /// Where the socket is bound, with the port that port 0 or `*` became.
    package borrowing func boundEndpoint() throws(ZeroMQError) -> String {
        var buffer = [CChar](repeating: 0, count: 1024)
        var size = buffer.count
        try require("zmq_getsockopt ZMQ_LAST_ENDPOINT") {
            zmq_getsockopt(handle, ZMQ_LAST_ENDPOINT, &buffer, &size)
        }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    borrowing func set<Value: BitwiseCopyable>(_ option: CInt, to value: Value) throws(ZeroMQError) {
        try require("zmq_setsockopt \(option)") {
            withUnsafeBytes(of: value) { zmq_setsockopt(handle, option, $0.baseAddress, $0.count) }
        }
    }
}
