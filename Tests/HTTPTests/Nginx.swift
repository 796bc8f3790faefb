import Foundation
import Glibc

/// A real web server on a free loopback port, in a folder of its own; ended when it is released.
final class Nginx: Sendable {
    let port: UInt16
    private let directory: URL
    private let isSecure: Bool
    private let process: pid_t

    var certificate: String { directory.appending(path: "cert.pem").path }
    var key: String { directory.appending(path: "key.pem").path }

    func url(_ path: String) -> String { "\(isSecure ? "https" : "http")://127.0.0.1:\(port)\(path)" }
    func log() throws -> String { try String(contentsOf: directory.appending(path: "access.log"), encoding: .utf8) }

    private static let executable = ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx"]
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    static var isInstalled: Bool {
        executable != nil && FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl")
    }

    /// Starts it and waits until it accepts connections.
    ///
    /// - Parameters:
    ///   - listen: what follows the address in `listen`, such as `ssl http2`.
    ///   - settings: more lines of the server's block.
    static func start(
        listen: String, settings: String = "", certifiedName: String = "IP:127.0.0.1"
    ) async throws -> Nginx {
        let probe = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        let port = bindToLoopback(probe)
        close(probe)
        let nginx = try Nginx(port: port, listen: listen, settings: settings, certifiedName: certifiedName)
        guard await eventually({ canConnect(to: port) }) else { throw NginxError(reason: "nginx does not answer") }
        return nginx
    }

    private init(port: UInt16, listen: String, settings: String, certifiedName: String) throws {
        self.port = port
        isSecure = listen.contains("ssl")
        directory = FileManager.default.temporaryDirectory.appending(path: "nginx-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        if isSecure { try makeCertificate(in: directory, name: certifiedName) }
        try String(repeating: "0", count: 1 << 20).write(
            to: directory.appending(path: "zeros"), atomically: true, encoding: .utf8)
        try String(repeating: "1", count: 2000).write(
            to: directory.appending(path: "slow"), atomically: true, encoding: .utf8)
        let configuration = Self.configuration(
            port, in: directory, listen + ";" + (isSecure ? Self.certificateLines : "") + settings)
        try configuration.write(to: directory.appending(path: "nginx.conf"), atomically: true, encoding: .utf8)
        guard let executable = Self.executable else { throw NginxError(reason: "nginx is not installed") }
        process = try spawn([executable, "-p", directory.path, "-c", "nginx.conf", "-e", "error.log"])
    }

    deinit {
        kill(process, SIGKILL)
        waitpid(process, nil, 0)
        try? FileManager.default.removeItem(at: directory)
    }

    private static let certificateLines = "ssl_certificate cert.pem; ssl_certificate_key key.pem;"

    private static func configuration(_ port: UInt16, in directory: URL, _ server: String) -> String {
        """
        daemon off; master_process off; pid nginx.pid; worker_rlimit_nofile 8192;
        events { worker_connections 4096; }
        http {
            log_format short '$status encoding=$sent_http_content_encoding'; access_log access.log short;
            client_body_temp_path body; proxy_temp_path p; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
            client_max_body_size 64m; keepalive_requests 100000; root .; error_page 405 =200 $uri;
            server {
                listen 127.0.0.1:\(port) \(server)
                location /which { return 200 "$server_protocol $connection"; }
                location /length { return 200 "$content_length"; }
                location /proxied { proxy_pass http://unix:\(directory.path)/inner:/length; }
                location /slow { limit_rate 1000; }
                location /zeros { gzip on; gzip_types *; gzip_proxied any; }
            }
            server {
                listen unix:\(directory.path)/inner;
                location /length { return 200 "$content_length"; }
            }
        }
        """
    }

}

/// Leaves `key.pem` and `cert.pem` in a folder.
func makeCertificate(in directory: URL, name: String) throws {
    let arguments =
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test -addext"
    let openssl = try spawn(
        ["/usr/bin/openssl"] + arguments.split(separator: " ").map(String.init) + [
            "subjectAltName=\(name)", "-keyout", directory.appending(path: "key.pem").path,
            "-out", directory.appending(path: "cert.pem").path,
        ])
    var status: CInt = 0
    waitpid(openssl, &status, 0)
    guard status == 0 else { throw NginxError(reason: "openssl made no certificate") }
}

/// Starts a program whose output nobody wants.
///
/// Foundation's `Process` waits in a run loop, which blocks the pool.
func spawn(_ command: [String]) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for output in [STDOUT_FILENO, STDERR_FILENO] {
        posix_spawn_file_actions_addopen(&actions, output, "/dev/null", O_WRONLY, 0)
    }
    var arguments = command.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var process: pid_t = 0
    let code = posix_spawn(&process, command[0], &actions, nil, &arguments, environ)
    guard code == 0 else { throw NginxError(reason: "\(command[0]): \(String(cString: strerror(code)))") }
    return process
}

struct NginxError: Error { let reason: String }

func canConnect(to port: UInt16) -> Bool {
    let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    return withLoopbackAddress(port) { connect(descriptor, $0, $1) } == 0
}
