import Chaos
import Glibc

/// What strangers send to the ports of the links.
extension Oddity {
    static let frames: [Oddity] = [
        raw("a stream of zeros", [UInt8](repeating: 0, count: 100_000)),
        raw("an HTTP request", Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8)),
        raw("half a greeting", Array(ZMTP.greeting.prefix(20))),
        raw("a greeting and a command without end", ZMTP.greeting + [0x06] + [UInt8](repeating: 0x7F, count: 8)),
        frame("an empty frame", []), frame("one byte", [1]), frame("another version", [2, 1, 0, 0, 0, 0]),
        frame("an unknown kind", [1, 99, 0, 0, 0, 0]),
        frame("a header longer than the frame", [1, 1, 255, 255, 255, 127, 1, 2, 3]),
        frame("a message that nobody opened a session for", message([.fixed(1, 7), .fixed(2, 1), .text(4, "odd")])),
        frame("a message without a session", message([.text(4, "odd")])),
        frame(
            "a message with the least of all times",
            message([.fixed(1, 7), .fixed(2, 1), .number(15, .max), .number(10, .max), .number(19, .max - 1)])),
        frame("a header of deep tags", [1, 1, 16, 0, 0, 0] + [UInt8](repeating: 0x0B, count: 16)),
        frame("a hello from an address where nobody is", hello("tcp://127.0.0.1:1")),
        frame("a hello from a name that is nobody's", hello("tcp://nobody.invalid:5566")),
        frame("a hello from no address", hello("nonsense")), frame("a hello from a file", hello("ipc:///etc/passwd")),
        frame("a hello from the stage itself", hello("tcp://0.0.0.0:0")),
        frame("a hello from an address of 1 MB", hello("tcp://" + String(repeating: "a", count: 1 << 20) + ":1")),
        frame(
            "a hello that knows the largest numbers",
            frame(
                2, [.fixed(1, 9), .number(3, .max), .text(4, "tcp://127.0.0.1:1"), .number(5, .max), .number(7, .max)])),
        frame("200 hellos of 200 sessions", count: 200) {
            hello("tcp://127.0.0.1:\(20_000 + $0)", session: UInt64($0) + 100)
        },
        frame(
            "a report of a session nobody has",
            frame(3, [.fixed(1, 9), .fixed(2, 9), .number(3, .max), .number(6, .max)]), acks: true),
        frame("a report of nonsense", [1, 3, 4, 0, 0, 0, 255, 255, 255, 255], acks: true),
        frame("no report", [0x99, 0x99], acks: true),
        frame("an unknown kind of report", [1, 99, 0, 0, 0, 0], acks: true),
    ]

    /// A field of Protocol Buffers.
    ///
    /// Source: protobuf.dev, "Encoding".
    private enum Field {
        case fixed(UInt8, UInt64)
        case number(UInt8, UInt64)
        case text(UInt8, String)

        var bytes: [UInt8] {
            switch self {
            case .fixed(let tag, let value):
                [tag << 3 | 1] + (0..<8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
            case .number(let tag, let value): Self.varint(UInt64(tag) << 3) + Self.varint(value)
            case .text(let tag, let text): [tag << 3 | 2] + Self.varint(UInt64(text.utf8.count)) + Array(text.utf8)
            }
        }

        private static func varint(_ value: UInt64) -> [UInt8] {
            var (bytes, rest): ([UInt8], UInt64) = ([], value)
            while rest >= 0x80 {
                bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
                rest >>= 7
            }
            return bytes + [UInt8(rest)]
        }
    }

    private static func frame(_ kind: UInt8, _ fields: [Field]) -> [UInt8] {
        let header = fields.flatMap(\.bytes)
        return [1, kind] + (0..<4).map { UInt8(truncatingIfNeeded: header.count >> ($0 * 8)) } + header
    }

    private static func message(_ fields: [Field]) -> [UInt8] { frame(1, fields) }

    private static func hello(_ address: String, session: UInt64 = 77) -> [UInt8] {
        frame(2, [.fixed(1, session), .number(3, 1), .text(4, address), .number(5, 0)])
    }

    private static func frame(_ name: String, _ bytes: [UInt8], acks: Bool = false) -> Oddity {
        frame(name, count: 1, acks: acks) { _ in bytes }
    }

    private static func frame(
        _ name: String, count: Int, acks: Bool = false, _ bytes: @escaping @Sendable (Int) -> [UInt8]
    ) -> Oddity {
        raw(name, ZMTP.greeting + ZMTP.ready, frames: (0..<count).flatMap { ZMTP.frame(bytes($0)) }, acks: acks)
    }

    /// Bytes to every port of the links of one kind.
    ///
    /// - Parameter frames: sent when the other side has said that it is ready; libzmq takes none before that.
    private static func raw(_ name: String, _ bytes: [UInt8], frames: [UInt8] = [], acks: Bool = false) -> Oddity {
        Oddity(.frame, name) { bench in
            for kind in StageKind.allCases {
                guard let ports = bench.plant.network.ports(of: kind.name(1)) else { continue }
                if acks ? kind == .emit : kind == .ingest { continue }
                let descriptor = try connection(to: acks ? ports.acks : ports.listen, limit: 1)
                defer { close(descriptor) }
                writeAll(descriptor, bytes)
                var answer: [UInt8] = []
                if !frames.isEmpty {
                    while answer.count < ZMTP.greeting.count + ZMTP.ready.count {
                        guard readSome(descriptor, &answer) else { throw OddityFailure("no greeting from \(kind)") }
                    }
                    writeAll(descriptor, frames)
                    // A peer that goes takes along what libzmq has not given to its socket yet.
                    try await Task.sleep(for: .milliseconds(20))
                }
                shutdown(descriptor, CInt(SHUT_WR))
                // Until the other side has read it all and closes, or has nothing to say.
                while readSome(descriptor, &answer), answer.count < 1 << 20 {}
            }
        }
    }
}

/// As much of ZMTP 3.0 as a PUSH socket says.
///
/// Source: rfc.zeromq.org/spec/23.
private enum ZMTP {
    static let greeting: [UInt8] =
        [0xFF, 0, 0, 0, 0, 0, 0, 0, 0, 0x7F, 3, 0] + Array("NULL".utf8) + [UInt8](repeating: 0, count: 48)
    static let ready: [UInt8] =
        [0x04, 26, 5] + Array("READY".utf8) + [11] + Array("Socket-Type".utf8) + [0, 0, 0, 4] + Array("PUSH".utf8)

    static func frame(_ bytes: [UInt8]) -> [UInt8] {
        if bytes.count < 256 { return [0, UInt8(bytes.count)] + bytes }
        return [2] + (0..<8).reversed().map { UInt8(truncatingIfNeeded: bytes.count >> ($0 * 8)) } + bytes
    }
}
