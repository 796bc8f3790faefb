import Glibc

/// One client of the small gateway.
final class GatewayConnection {
    let descriptor: CInt
    let serial: Int
    var reader = RequestReader()
    /// What is still to be written, and how much of it has been.
    var output: [(bytes: [UInt8], written: Int)] = []
    /// Whether it waits until more can be written.
    var isBlocked = false

    init(_ descriptor: CInt, serial: Int) {
        self.descriptor = descriptor
        self.serial = serial
    }

    /// Writes what the socket takes.
    ///
    /// - Returns: whether that was all; also if the client is gone, which reading will tell.
    func write() -> Bool {
        while let (bytes, written) = output.first {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.write(descriptor, buffer.baseAddress.map { $0 + written }, buffer.count - written)
            }
            if count < 0 {
                if errno == EINTR { continue }
                if errno == EAGAIN { return false }
                output.removeAll()
                return true
            }
            if written + count < bytes.count {
                output[0].written += count
            } else {
                output.removeFirst()
            }
        }
        return true
    }
}
