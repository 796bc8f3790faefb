import Chaos
import Foundation
import Glibc
import Processes
import TestServers

/// Settings, variables, signals and files.
extension Oddity {
    static let settings: [Oddity] = [
        refused("an unknown flag", "dispatch", ["--concurency", "8"], says: "concurency"),
        refused("a word for a number", "dispatch", ["--concurrency", "many"], says: "concurrency"),
        refused("a number below zero", "dispatch", ["--concurrency", "-1"], says: "concurrency"),
        refused("more than the descriptors", "dispatch", ["--concurrency", "100000000"], says: "concurrency"),
        refused("a port above 65535", "retry", ["--metrics-port", "65536"], says: "metrics-port"),
        refused("a scheme nobody speaks", "retry", ["--listen", "http://127.0.0.1:1"], says: "listen"),
        refused("no time-out", "dispatch", ["--request-timeout", "nan"], says: "request-timeout"),
        refused("a backoff of 1e400", "retry", ["--backoff-base", "1e400"], says: "backoff-base"),
        refused("an unknown queue", "ingest", ["--message-queue-impl", "kafka"], says: "message-queue-impl"),
        refused("a URL of another server", "ingest", ["--redis.url", "http://127.0.0.1"], says: "redis"),
        refused(
            "an unknown parameter of a URL", "emit", ["--redis.url", "redis://127.0.0.1/0?color=red"], says: "redis"),
        refused("a database that is no number", "emit", ["--redis.url", "redis://127.0.0.1/zero"], says: "redis"),
        refused(
            "a gateway that is no URL", "ingest", ["--redis.inference-gateway", "gateway"], says: "inference-gateway"),
        refused(
            "a gateway with a fragment", "ingest", ["--redis.inference-gateway", "http://h/#a"],
            says: "inference-gateway"),
        refused(
            "a file of queues that is not there", "ingest", ["--queues-config-file", "/nonexistent"],
            says: "/nonexistent"),
        refused(
            "a file of queues that is a folder", "ingest", ["--queues-config-file", "/"], says: "queues-config-file"),
        refused("a policy nobody knows", "ingest", ["--request-merge-policy", "fair"], says: "request-merge-policy"),
        refused("a variable that makes no sense", "dispatch", [], ["AP_CONCURRENCY": "lots"], says: "AP_CONCURRENCY"),
        started(
            "a variable that Kubernetes makes",
            [
                "AP_METRICS_PORT": "tcp://10.0.0.1:9091", "AP_METRICS_PORT_9091_TCP_ADDR": "10.0.0.1",
                "AP_LISTEN_SERVICE_HOST": "10.0.0.1",
            ]),
        started(
            "no HOME, no PATH, an odd language", ["HOME": "", "PATH": "", "LANG": "xx_YY.nonsense", "TZ": "Mars/Base"]),
        started("variables with bytes that are no text", ["AP_UNKNOWN_\u{1}": "\u{7F}", "LC_ALL": "C"]),
        Oddity(.setting, "a status port that is taken") { bench in
            guard let ports = bench.plant.network.ports(of: "retry1") else { return }
            let run = try await bench.run("retry", Self.own(try freePort()) + ["--metrics-port", "\(ports.status)"])
            guard run.status == 1, run.log.contains("\(ports.status)") else {
                throw OddityFailure("\(run.status.map { "\($0)" } ?? "runs"): \(run.log.suffix(300))")
            }
        },
        Oddity(.setting, "a link's port that is taken") { bench in
            guard let ports = bench.plant.network.ports(of: "retry1") else { return }
            let run = try await bench.run(
                "retry",
                [
                    "--listen", "tcp://127.0.0.1:\(ports.listen)", "--acks", "tcp://127.0.0.1:\(try freePort())",
                    "--metrics-port", "0",
                ])
            guard run.status == 1, run.log.contains("\(ports.listen)") else {
                throw OddityFailure("\(run.status.map { "\($0)" } ?? "runs"): \(run.log.suffix(300))")
            }
        },
    ]

    static let signals: [Oddity] =
        [
            ("SIGHUP", SIGHUP), ("SIGUSR1", SIGUSR1), ("SIGUSR2", SIGUSR2), ("SIGALRM", SIGALRM), ("SIGPIPE", SIGPIPE),
            ("SIGVTALRM", SIGVTALRM), ("SIGPROF", SIGPROF), ("SIGIO", SIGIO), ("SIGWINCH", SIGWINCH),
            ("SIGURG", SIGURG),
            ("SIGTTOU", SIGTTOU), ("SIGTSTP and SIGCONT", SIGTSTP),
        ].map { name, number in
            Oddity(.signal, name) { bench in
                for pid in await bench.plant.processIdentifiers().values {
                    kill(pid, number)
                    kill(pid, SIGCONT)
                }
            }
        }

    static let files: [Oddity] = [
        token("is removed", nil), token("is empty", []), token("has a line break in it", Array("a\r\nb: c".utf8)),
        token("is no text", [0xFF, 0, 0xFE]), token("has 2 MB", [UInt8](repeating: 0x61, count: 2 << 20)),
    ]

    // MARK: - How they are made

    private static func own(_ port: Int) -> [String] {
        ["--listen", "tcp://127.0.0.1:\(port)", "--acks", "tcp://127.0.0.1:0"]
    }

    /// A stage that must not start, and say why.
    private static func refused(
        _ name: String, _ stage: String, _ arguments: [String], _ environment: [String: String] = [:], says text: String
    ) -> Oddity {
        Oddity(.setting, name) { bench in
            let run = try await bench.run(stage, arguments, environment: environment)
            guard run.status == 64, run.log.contains(text) else {
                throw OddityFailure("\(run.status.map { "ended with \($0)" } ?? "runs"), said: \(run.log.suffix(300))")
            }
        }
    }

    /// A stage that starts in spite of it.
    private static func started(_ name: String, _ environment: [String: String]) -> Oddity {
        Oddity(.setting, name) { bench in
            try await bench.starts(
                "retry", own(try freePort()) + ["--emit", "tcp://127.0.0.1:1", "--drain-timeout", "1"],
                environment: environment)
        }
    }

    /// The gateway's token, of another kind for a while; ordinary requests do not need a right one.
    private static func token(_ name: String, _ bytes: [UInt8]?) -> Oddity {
        Oddity(.file, "a token file that \(name)") { bench in
            let url = bench.folder.appending(path: "dispatch1.token")
            if let bytes { try Data(bytes).write(to: url) } else { try FileManager.default.removeItem(at: url) }
            let answered = bench.books.answered
            try await eventually("requests go on") { bench.books.answered > answered + 25 }
            try Data("dispatch1".utf8).write(to: url)
        }
    }
}
