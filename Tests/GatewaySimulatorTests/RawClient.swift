import Glibc

/// A blocking HTTP/1.1 client that shows what really happens on the wire.
///
/// It closes when it is released.
final class RawClient {
    struct Response: Equatable {
        var status: Int
        var head: String
        var body: String

        func header(_ name: String) -> String? {
            head.split(separator: "\r\n").first { $0.lowercased().hasPrefix(name.lowercased() + ":") }
                .map { String($0.dropFirst(name.count + 1).drop { $0 == " " }) }
        }
    }

    private let descriptor: CInt
    private var received: [UInt8] = []

    init(port: UInt16) {
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        withUnsafePointer(to: &address) { pointer in
            _ = pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    deinit { close() }

    private var isOpen = true

    func close() {
        if isOpen { Glibc.close(descriptor) }
        isOpen = false
    }

    func send(_ text: String) {
        let bytes = Array(text.utf8)
        var sent = 0
        while sent < bytes.count {
            let count = Glibc.send(descriptor, Array(bytes[sent...]), bytes.count - sent, CInt(MSG_NOSIGNAL))
            if count <= 0 { return }
            sent += count
        }
    }

    func post(_ path: String, _ body: String, headers: String = "") {
        send("POST \(path) HTTP/1.1\r\nHost: test\r\n\(headers)Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
    }

    func get(_ path: String) -> Response? {
        send("GET \(path) HTTP/1.1\r\nHost: test\r\n\r\n")
        return response()
    }

    /// The next whole answer; `nil` when the connection ended before it (see `rest`) or 10 s have passed.
    func response() -> Response? {
        while true {
            if let response = takeResponse() { return response }
            guard let more = receive(), !more.isEmpty else { return nil }
            received += more
        }
    }

    /// What has come of an answer that was cut short.
    var rest: String { String(decoding: received, as: UTF8.self) }

    /// Some bytes, none at the end of the connection, `nil` after 10 s or a reset.
    func receive() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return count < 0 ? nil : Array(buffer.prefix(count))
    }

    private func takeResponse() -> Response? {
        let text = String(decoding: received, as: UTF8.self)
        guard let end = text.firstRange(of: "\r\n\r\n") else { return nil }
        let head = String(text[..<end.lowerBound])
        var response = Response(status: Int(head.split(separator: " ")[1]) ?? 0, head: head, body: "")
        let length = response.header("Content-Length").flatMap { Int($0) } ?? 0
        let start = head.utf8.count + 4
        guard received.count >= start + length else { return nil }
        response.body = String(decoding: received[start..<start + length], as: UTF8.self)
        received.removeFirst(start + length)
        return response
    }
}
