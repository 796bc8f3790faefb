import Foundation
import Glibc

/// A server over TLS that does what it likes on HTTP/1.1 connections; ended when it is released.
///
/// Swift has no TLS server here, so this one is Python's. A request whose body is `odd` is answered with the given bytes,
/// which leave in as few TLS records as they fit in; any other with its own body.
final class TLSScript: Sendable {
    let port: UInt16
    private let directory: URL
    private let process: pid_t

    var certificate: String { directory.appending(path: "cert.pem").path }
    var url: String { "https://127.0.0.1:\(port)/" }

    static var isAvailable: Bool {
        Nginx.isInstalled && FileManager.default.isExecutableFile(atPath: "/usr/bin/python3")
    }

    static func start(odd: String) async throws -> TLSScript {
        let probe = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        let port = bindToLoopback(probe)
        close(probe)
        let server = try TLSScript(port: port, odd: odd)
        guard await eventually({ canConnect(to: port) }) else { throw NginxError(reason: "python3 does not answer") }
        return server
    }

    private init(port: UInt16, odd: String) throws {
        self.port = port
        directory = FileManager.default.temporaryDirectory.appending(path: "tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try makeCertificate(in: directory, name: "IP:127.0.0.1")
        try odd.write(to: directory.appending(path: "odd"), atomically: true, encoding: .utf8)
        process = try spawn(["/usr/bin/python3", "-c", Self.script, directory.path, "\(port)"])
    }

    deinit {
        kill(process, SIGKILL)
        waitpid(process, nil, 0)
        try? FileManager.default.removeItem(at: directory)
    }

    private static let script = """
        import socket, ssl, sys, threading
        folder, port = sys.argv[1], int(sys.argv[2])
        odd = open(folder + "/odd", "rb").read()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder + "/cert.pem", folder + "/key.pem")
        context.set_alpn_protocols(["http/1.1"])
        def serve(plain):
            try:
                connection = context.wrap_socket(plain, server_side=True)
                data = b""
                while True:
                    while b"\\r\\n\\r\\n" not in data:
                        more = connection.recv(65536)
                        if not more: return
                        data += more
                    head, data = data.split(b"\\r\\n\\r\\n", 1)
                    length = int(head.lower().split(b"content-length:")[1].split(b"\\r")[0])
                    while len(data) < length: data += connection.recv(65536)
                    body, data = data[:length], data[length:]
                    if body == b"odd": connection.sendall(odd)
                    else: connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % length + body)
            except OSError: pass
        listener = socket.create_server(("127.0.0.1", port))
        while True: threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
        """
}
