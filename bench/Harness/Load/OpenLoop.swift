import Glibc
import Processes
import TestServers

/// Requests at moments that were fixed before the first: whoever is slow finds a queue, as with real producers.
package struct OpenLoop: Sendable {
    /// Requests per second.
    let rate: Double
    let count: Int
    /// Nanoseconds that requests may be sent together: so often at most the producer wakes up.
    static let tick: Int64 = 100_000

    /// When request `number` is due, in nanoseconds after the first.
    func due(_ number: Int) -> Int64 { Int64(Double(number) * 1e9 / rate) }

    /// Sends every request when it is due; blocks its thread.
    ///
    /// - Returns: when each was handed to the kernel.
    func run(_ text: RequestText, redisPort: Int, from start: Int64) throws -> [Int64] {
        let connection = try CommandPipe(port: redisPort)
        var moments: [Int64] = []
        moments.reserveCapacity(count)
        var batch: [UInt8] = []
        while moments.count < count {
            let now = Monotonic.now
            batch.removeAll(keepingCapacity: true)
            while moments.count < count, start + due(moments.count) <= now {
                connection.append(
                    ["ZADD", RedisSortedSetLoad.requests, String(text.deadline), text.document(moments.count)],
                    to: &batch)
                moments.append(now)
            }
            if batch.isEmpty {
                Monotonic.sleep(until: max(start + due(moments.count), now + (rate > 1e4 ? Self.tick : 0)))
            } else {
                try connection.send(batch)
            }
        }
        return moments
    }
}

/// A connection to Redis whose answers nobody reads.
private final class CommandPipe {
    private let descriptor: CInt
    private let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)

    init(port: Int) throws(ProcessFailure) {
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        let descriptor = descriptor
        guard withLoopback(port, { connect(descriptor, $0, $1) == 0 }) else {
            throw ProcessFailure("cannot connect to Redis on port \(port)")
        }
    }

    deinit {
        close(descriptor)
        scratch.deallocate()
    }

    func append(_ command: [String], to bytes: inout [UInt8]) {
        bytes.append(contentsOf: "*\(command.count)\r\n".utf8)
        for argument in command {
            bytes.append(contentsOf: "$\(argument.utf8.count)\r\n".utf8)
            bytes.append(contentsOf: argument.utf8)
            bytes.append(contentsOf: "\r\n".utf8)
        }
    }

    /// Writes all of it, and drops the answers that have come.
    func send(_ bytes: [UInt8]) throws(ProcessFailure) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.send(
                    descriptor, buffer.baseAddress.map { $0 + written }, buffer.count - written, CInt(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw ProcessFailure("Redis closed the producer's connection") }
            written += count
        }
        while recv(descriptor, scratch.baseAddress, scratch.count, CInt(MSG_DONTWAIT)) == scratch.count {}
    }
}
