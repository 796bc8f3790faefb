import Foundation
import Glibc
import Synchronization
import ZeroMQ

/// One ZeroMQ hop with nothing on it: PUSH to PULL over a Unix socket, as between two stages.
package struct ZeroMQCell: Cell {
    package let name = "ceiling-zeromq"
    package let summary = "a bare ZeroMQ hop, PUSH to PULL over a Unix socket, 600-byte messages"
    private static let size = 600

    package init() {}

    package func run(_ bench: Surroundings) async throws -> [Figure] {
        let endpoint = "ipc://\(bench.folder.appending(path: "hop").path)"
        let count = bench.scaled(500_000)
        let end = Ending()
        async let received = onThread { try Self.receive(count, endpoint, end) }
        async let sent: Void = onThread { try Self.send(count, endpoint, end) }
        try await sent
        return [Figure("rate", try await received, "messages/s")]
    }

    private static let options = SocketOptions(highWaterMark: 1000, queuesWithoutPeer: false, maxFrame: 1 << 20)

    private static func send(_ count: Int, _ endpoint: String, _ end: Ending) throws {
        defer { end.hasCome.store(true, ordering: .relaxed) }
        let socket = try Context().makeSocket(.push, options)
        try socket.connect(endpoint)
        let message = [UInt8](repeating: 1, count: size)
        for _ in 0..<count {
            while try !end.hasCome.load(ordering: .relaxed) && !socket.send(message) { try wait(for: socket) }
        }
        // A socket does not linger: what it still holds would be lost.
        while !end.hasCome.load(ordering: .relaxed) { Monotonic.sleep(milliseconds: 5) }
    }

    /// - Returns: messages per second from the first on.
    private static func receive(_ count: Int, _ endpoint: String, _ end: Ending) throws -> Double {
        defer { end.hasCome.store(true, ordering: .relaxed) }
        let socket = try Context().makeSocket(.pull, options)
        try socket.bind(endpoint)
        var begin: Int64?
        var seen = 0
        while seen < count, !end.hasCome.load(ordering: .relaxed) {
            if try socket.receive() == nil {
                try wait(for: socket)
            } else {
                seen += 1
                if begin == nil { begin = Monotonic.now }
            }
        }
        return Double(count - 1) / (Double(Monotonic.now - (begin ?? 0)) / 1e9)
    }

    /// Until something may have changed, at most 100 ms.
    private static func wait(for socket: borrowing Socket) throws {
        let events = try socket.events()
        if events.canReceive || events.canSend { return }
        var item = pollfd(fd: try socket.descriptor(), events: Int16(POLLIN), revents: 0)
        poll(&item, 1, 100)
    }
}

/// Whether the receiver has all it waits for.
private final class Ending: Sendable {
    let hasCome = Atomic(false)
}
