internal import CZeroMQ

/// A libzmq call that failed.
package struct ZeroMQError: Error, Equatable, CustomStringConvertible {
    /// The C function and what it was given, such as `zmq_bind tcp://127.0.0.1:5557`.
    package let call: String
    /// An errno value: POSIX's, or one of libzmq's own.
    package let code: CInt

    package var description: String { "\(call): \(String(cString: zmq_strerror(code)))" }

    /// The address is taken by another socket.
    package var isAddressInUse: Bool { code == EADDRINUSE }
}

/// Makes one libzmq call, again if a signal interrupted it, and reads errno before anything else can change it.
///
/// - Returns: what the call returned; `nil` when it would have had to wait (EAGAIN).
func attempt(_ name: @autoclosure () -> String, _ body: () -> CInt) throws(ZeroMQError) -> CInt? {
    while true {
        let result = body()
        if result >= 0 { return result }
        switch zmq_errno() {
        case EINTR: continue
        case EAGAIN: return nil
        case let code: throw ZeroMQError(call: name(), code: code)
        }
    }
}

/// As `attempt`, for calls that never have to wait.
func require(_ name: @autoclosure () -> String, _ body: () -> CInt) throws(ZeroMQError) {
    guard try attempt(name(), body) != nil else { throw ZeroMQError(call: name(), code: EAGAIN) }
}
