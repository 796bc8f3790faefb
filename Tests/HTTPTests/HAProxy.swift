import Foundation
import Glibc

/// A real HAProxy on a free loopback port, which answers by itself; ended when it is released.
final class HAProxy: Sendable {
    let port: UInt16
    private let directory: URL
    private let process: pid_t

    var certificate: String { directory.appending(path: "cert.pem").path }

    private static let executable = "/usr/sbin/haproxy"
    static var isInstalled: Bool {
        FileManager.default.isExecutableFile(atPath: executable) && Nginx.isInstalled
    }

    /// - Parameter bind: what follows the address, such as `ssl crt both.pem alpn h2`.
    static func start(bind: String = "", settings: String = "") async throws -> HAProxy {
        let probe = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        let port = bindToLoopback(probe)
        close(probe)
        let proxy = try HAProxy(port: port, bind: bind, settings: settings)
        guard await eventually({ canConnect(to: port) }) else { throw NginxError(reason: "HAProxy does not answer") }
        return proxy
    }

    private init(port: UInt16, bind: String, settings: String) throws {
        self.port = port
        directory = FileManager.default.temporaryDirectory.appending(path: "haproxy-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try makeCertificate(in: directory, name: "IP:127.0.0.1")
        let certificate = try String(contentsOf: directory.appending(path: "cert.pem"), encoding: .utf8)
        let key = try String(contentsOf: directory.appending(path: "key.pem"), encoding: .utf8)
        try (certificate + key).write(to: directory.appending(path: "both.pem"), atomically: true, encoding: .utf8)
        let configuration = """
            global
              tune.h2.max-concurrent-streams 20
            defaults
              mode http
              option http-buffer-request
              timeout connect 5s
              timeout client 5s
              timeout server 5s
              \(settings)
            frontend numbers
              bind 127.0.0.1:\(port) \(bind.replacing("both.pem", with: directory.appending(path: "both.pem").path))
              http-request return status 204 if { path /nothing }
              http-request return status 200 content-type text/plain lf-string "%[req.hdr(x-number)] %HV"

            """
        let path = directory.appending(path: "haproxy.cfg")
        try configuration.write(to: path, atomically: true, encoding: .utf8)
        process = try spawn([Self.executable, "-db", "-f", path.path])
    }

    deinit {
        kill(process, SIGKILL)
        waitpid(process, nil, 0)
        try? FileManager.default.removeItem(at: directory)
    }
}
