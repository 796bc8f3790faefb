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

    static func start(odd: String) async throws -> TLSScript { try await start(odd: odd, script) }

    /// One that speaks HTTP/2.
    static func startHTTP2() async throws -> TLSScript { try await start(odd: "", http2Script) }

    private static func start(odd: String, _ script: String) async throws -> TLSScript {
        let probe = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        let port = bindToLoopback(probe)
        close(probe)
        let server = try TLSScript(port: port, odd: odd, script)
        guard await eventually({ canConnect(to: port) }) else { throw NginxError(reason: "python3 does not answer") }
        return server
    }

    private init(port: UInt16, odd: String, _ script: String) throws {
        self.port = port
        directory = FileManager.default.temporaryDirectory.appending(path: "tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try makeCertificate(in: directory, name: "IP:127.0.0.1")
        try odd.write(to: directory.appending(path: "odd"), atomically: true, encoding: .utf8)
        process = try spawn(["/usr/bin/python3", "-c", script, directory.path, "\(port)"])
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

    /// Each request is answered in two halves, 0.3 s apart, without a word about the length.
    ///
    /// What its body names happens between them. An answer that is to end begins with `whole`, and goes out in one piece before that happens.
    private static let http2Script = """
        import asyncio, ssl, struct, sys
        folder, port = sys.argv[1], int(sys.argv[2])
        DATA, HEADERS, RST, SETTINGS, GOAWAY, WINDOW = 0, 1, 3, 4, 7, 8
        def frame(kind, flags, stream, payload=b""):
            return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload
        happenings = {
            b"frame": lambda stream: frame(DATA, 0, stream, b" " * 100_000),
            b"noise": lambda stream: b"\\xff" * 100,
            b"window": lambda stream: frame(WINDOW, 0, 0, struct.pack(">I", 0)),
            b"table": lambda stream: frame(HEADERS, 4, stream, b"\\xff\\xff\\xff\\xff\\xff\\xff"),
            b"give": lambda stream: frame(RST, 0, stream, struct.pack(">I", 0)),
            b"goaway": lambda stream: frame(GOAWAY, 0, 0, struct.pack(">II", stream, 0)),
        }
        async def answer(writer, stream, body):
            name, _, rest = body.partition(b" ")
            text = b'{"echo":"' + body + b'"}' if not rest.startswith(b"plain") else body * 2
            half = len(text) if name.startswith(b"whole") else len(text) // 2
            writer.write(frame(HEADERS, 4, stream, b"\\x88") + frame(DATA, half == len(text), stream, text[:half]))
            await writer.drain()
            await asyncio.sleep(0.1)
            odd = happenings.get(name.removeprefix(b"whole-"))
            if odd: writer.write(odd(stream))
            await writer.drain()
            await asyncio.sleep(0.2)
            if half < len(text): writer.write(frame(DATA, 1, stream, text[half:]))
            await writer.drain()
        async def serve(reader, writer):
            bodies, tasks = {}, []
            try:
                await reader.readexactly(24)
                writer.write(frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 1 << 20)))
                while True:
                    head = await reader.readexactly(9)
                    payload = await reader.readexactly(int.from_bytes(head[:3], "big"))
                    kind, flags, stream = head[3], head[4], int.from_bytes(head[5:], "big")
                    if kind == SETTINGS and not flags & 1: writer.write(frame(SETTINGS, 1, 0))
                    if kind == DATA: bodies[stream] = bodies.get(stream, b"") + payload
                    if kind == DATA and flags & 1:
                        tasks.append(asyncio.ensure_future(answer(writer, stream, bodies.pop(stream))))
            except (OSError, asyncio.IncompleteReadError): pass
            finally: writer.close()
        async def main():
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(folder + "/cert.pem", folder + "/key.pem")
            context.set_alpn_protocols(["h2"])
            server = await asyncio.start_server(serve, "127.0.0.1", port, ssl=context, backlog=200)
            await server.serve_forever()
        asyncio.run(main())
        """
}
