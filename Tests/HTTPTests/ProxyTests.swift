import Foundation
import Glibc
import Loop
import Messages
import Testing

@testable import HTTP

/// Requests by way of a proxy.
@Suite(.timeLimit(.minutes(1)))
struct ProxyTests {
    private func client(_ proxy: HTTPProxy, tls: TLSOptions = TLSOptions()) async throws -> HTTPClient {
        try await HTTPClient(HTTPClientOptions(proxy: proxy, tls: tls))
    }

    @Test
    func goesToTheProxyWithTheWholeURLAndKeepsTheConnection() async throws {
        let proxy = ScriptedServer.answering { request in answer(200, String(decoding: request.body, as: UTF8.self)) }
        let client = try await client(.url("http://127.0.0.1:\(proxy.port)"))
        for body in ["one", "two"] {
            let request = HTTPRequest(url: "http://gateway.invalid/v1/completions", body: Array(body.utf8)[...])
            #expect(String(decoding: try await client.response(to: request).body, as: UTF8.self) == body)
        }
        let heads = proxy.requests.map(\.head)
        #expect(heads.allSatisfy { $0.hasPrefix("POST http://gateway.invalid/v1/completions HTTP/1.1\r\n") })
        #expect(heads.count == 2 && proxy.connections == 1)
    }

    @Test
    func namesTheProxyThatIsNotThere() async throws {
        let probe = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        let port = bindToLoopback(probe)
        close(probe)
        let client = try await client(.url("http://127.0.0.1:\(port)"))
        let error = await #expect(throws: HTTPError.self) {
            try await client.response(to: HTTPRequest(url: "http://gateway.invalid/"))
        }
        #expect(error?.kind == .connect && error?.reason.contains("\(port)") == true)
    }

    @Test(.enabled(if: TLSScript.isAvailable))
    func reachesAServerOverTLSThroughATunnel() async throws {
        let server = try await TLSScript.start(odd: "")
        let proxy = try await TunnelProxy.start()
        let client = try await client(
            .url("http://127.0.0.1:\(proxy.port)"), tls: TLSOptions(caCertificateFile: server.certificate))
        for body in ["one", "two", "three"] {
            let response = try await client.response(to: HTTPRequest(url: server.url, body: Array(body.utf8)[...]))
            #expect(String(decoding: response.body, as: UTF8.self) == body)
        }
        #expect(proxy.tunnels == 1)
    }

    @Test
    func usesNoneUnlessItIsTold() async throws {
        let server = ScriptedServer.answering { _ in answer(200, "direct") }
        let proxy = ScriptedServer.answering { _ in answer(200, "proxy") }
        setenv("HTTP_PROXY", "http://127.0.0.1:\(proxy.port)", 1)
        defer { for name in ["HTTP_PROXY", "http_proxy"] { unsetenv(name) } }
        let direct = try await client(HTTPProxy(setting: "none")).response(to: HTTPRequest(url: server.url()))
        #expect(String(decoding: direct.body, as: UTF8.self) == "direct")
        let through = try await client(HTTPProxy(setting: "environment")).response(to: HTTPRequest(url: server.url()))
        #expect(String(decoding: through.body, as: UTF8.self) == "proxy")
        setenv("no_proxy", "127.0.0.1", 1)
        defer { unsetenv("no_proxy") }
        let excepted = try await client(.environment).response(to: HTTPRequest(url: server.url()))
        #expect(String(decoding: excepted.body, as: UTF8.self) == "direct")
    }
}

/// A proxy that knows CONNECT; writes a line for each tunnel; ended when it is released.
private final class TunnelProxy: Sendable {
    let port: UInt16
    private let log: URL
    private let process: pid_t

    static func start() async throws -> TunnelProxy {
        let probe = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        let port = bindToLoopback(probe)
        close(probe)
        let proxy = try TunnelProxy(port: port)
        guard await eventually({ canConnect(to: port) }) else { throw NginxError(reason: "python3 does not answer") }
        return proxy
    }

    private init(port: UInt16) throws {
        self.port = port
        log = FileManager.default.temporaryDirectory.appending(path: "tunnels-\(UUID().uuidString)")
        process = try spawn(["/usr/bin/python3", "-c", Self.script, "\(port)", log.path])
    }

    deinit {
        kill(process, SIGKILL)
        waitpid(process, nil, 0)
        try? FileManager.default.removeItem(at: log)
    }

    var tunnels: Int { ((try? String(contentsOf: log, encoding: .utf8)) ?? "").split(separator: "\n").count }

    private static let script = """
        import socket, sys, threading
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", int(sys.argv[1])))
        listener.listen()
        def pump(one, other):
            while data := one.recv(65536):
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)
        def serve(client):
            head = b""
            while b"\\r\\n\\r\\n" not in head:
                data = client.recv(65536)
                if not data:
                    return
                head += data
            host, port = head.split()[1].decode().rsplit(":", 1)
            with open(sys.argv[2], "a") as log:
                log.write(head.split(b"\\r\\n")[0].decode() + "\\n")
            server = socket.create_connection((host, int(port)))
            client.sendall(b"HTTP/1.1 200 Connection established\\r\\nX-Proxy: yes\\r\\n\\r\\n")
            threading.Thread(target=pump, args=(server, client), daemon=True).start()
            pump(client, server)
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
        """
}
