import Glibc
import Loop

/// A system call of the simulator that failed.
package struct GatewaySimulatorError: Error, Equatable, CustomStringConvertible {
    /// The call and what it was given, such as `bind 127.0.0.1:30080`.
    package let call: String
    /// What the system answered.
    package let reason: String

    package var description: String { "\(call): \(reason)" }

    static func last(_ call: String) -> Self { Self(call: call, reason: String(cString: strerror(errno))) }
}

/// A listening TCP socket.
@PipelineActor
final class Listener {
    let port: UInt16
    private let descriptor: CInt
    private var isOpen = true

    /// Binds and listens.
    ///
    /// - Parameters:
    ///   - host: A numeric address, or a name of this machine.
    ///   - port: 0 lets the system choose.
    init(host: String, port: UInt16) throws(GatewaySimulatorError) {
        let address = try Self.resolve(host, port)
        defer { freeaddrinfo(address) }
        let socket = Glibc.socket(address.pointee.ai_family, CInt(SOCK_STREAM.rawValue), 0)
        guard socket >= 0 else { throw .last("socket") }
        do throws(GatewaySimulatorError) {
            var on: CInt = 1
            setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<CInt>.size))
            makeNonBlocking(socket)
            guard bind(socket, address.pointee.ai_addr, address.pointee.ai_addrlen) == 0, listen(socket, 4096) == 0
            else { throw .last("bind \(host):\(port)") }
            self.port = try Self.port(of: socket)
        } catch {
            Glibc.close(socket)
            throw error
        }
        descriptor = socket
    }

    /// Calls `accepted` with the descriptor of each connection that comes; it owns the descriptor.
    func start(_ accepted: @escaping @PipelineActor (CInt) -> Void) {
        EventLoop.shared.watch(descriptor, [.readable]) { [weak self] _ in self?.accept(accepted) }
    }

    func close() {
        guard isOpen else { return }
        isOpen = false
        EventLoop.shared.unwatch(descriptor)
        Glibc.close(descriptor)
    }

    private func accept(_ accepted: @escaping @PipelineActor (CInt) -> Void) {
        while isOpen {
            let connection = Glibc.accept(descriptor, nil, nil)
            if connection >= 0 {
                makeNonBlocking(connection)
                var on: CInt = 1
                setsockopt(connection, CInt(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<CInt>.size))
                accepted(connection)
            } else if errno == EMFILE || errno == ENFILE {
                return rest(accepted)
            } else if errno != EINTR && errno != ECONNABORTED {
                return
            }
        }
    }

    /// Without descriptors the socket stays readable: look again a little later instead of spinning.
    private func rest(_ accepted: @escaping @PipelineActor (CInt) -> Void) {
        EventLoop.shared.unwatch(descriptor)
        EventLoop.shared.schedule(after: .milliseconds(50)) { [weak self] in
            if let self, isOpen { start(accepted) }
        }
    }

    private static func resolve(
        _ host: String, _ port: UInt16
    ) throws(GatewaySimulatorError) -> UnsafeMutablePointer<addrinfo> {
        var hints = addrinfo()
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, "\(port)", &hints, &found)
        guard code == 0, let found else {
            throw GatewaySimulatorError(call: "getaddrinfo \(host)", reason: String(cString: gai_strerror(code)))
        }
        return found
    }

    private static func port(of socket: CInt) throws(GatewaySimulatorError) -> UInt16 {
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &length) }
        }
        guard result == 0 else { throw .last("getsockname") }
        // The port stands at the same place in sockaddr_in and sockaddr_in6.
        return withUnsafeBytes(of: &address) { UInt16(bigEndian: $0.load(fromByteOffset: 2, as: UInt16.self)) }
    }
}

private func makeNonBlocking(_ descriptor: CInt) {
    _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
}
