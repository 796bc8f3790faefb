import Foundation
import Glibc
import Synchronization

/// Reads a socket on a thread of its own, as fast as bytes come, and keeps them until they are asked for.
///
/// A server that publishes faster than a listener reads closes its connection when 32 MB wait for it (Redis's
/// `client-output-buffer-limit`). Whoever deals with the messages may have something else to do for longer than that
/// takes; this thread has not. It never keeps more than `most` bytes and what one read brings: then it stops reading.
final class ReadAhead: Sendable {
    private struct State {
        var chunks: [[UInt8]] = []
        /// Chunks before this one have been taken.
        var first = 0
        var bytes = 0
        var heardAt = ContinuousClock.now
        /// Why nothing more comes.
        var end: String?
        var isClosed = false
    }

    /// What the thread holds on to; not the reader itself, so that releasing that ends the thread.
    private final class Shared: Sendable {
        let state = Mutex(State())
        let arrived = WakeUp()
        /// Ends the thread's wait: there is room again, or it is over.
        let changed = WakeUp()
    }

    private let shared = Shared()
    private let most: Int
    /// Bytes per read, and per chunk at most.
    private static let maxRead = 256 << 10
    /// A chunk takes what follows up to this size: many small messages are not as many pieces of memory.
    private static let smallChunk = 64 << 10

    /// - Parameters:
    ///   - descriptor: of a socket that does not block; duplicated, and closed when the thread ends.
    ///   - most: bytes that may wait.
    init(_ descriptor: CInt, most: Int) throws(RedisError) {
        self.most = most
        let own = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard own >= 0 else {
            throw RedisError(operation: "read ahead", reason: String(cString: strerror(errno)), kind: .connection)
        }
        let shared = shared
        let thread = Thread {
            Self.read(own, most: most, shared)
            close(own)
        }
        thread.name = "redis-listen"
        thread.start()
    }

    deinit {
        shared.state.withLock { $0.isClosed = true }
        shared.changed.signal()
    }

    /// Can be read when bytes have arrived, or nothing more will.
    var descriptor: CInt { shared.arrived.descriptor }

    /// When the last bytes came; now, while there is no room for more.
    var heardAt: ContinuousClock.Instant {
        shared.state.withLock { $0.bytes >= most ? .now : $0.heardAt }
    }

    /// Bytes that wait to be taken.
    var waiting: Int { shared.state.withLock(\.bytes) }

    /// The next bytes; `nil` if none wait.
    func next() -> [UInt8]? {
        let (chunk, hasRoomAgain) = shared.state.withLock { state -> ([UInt8]?, Bool) in
            guard state.first < state.chunks.count else {
                shared.arrived.clear()
                if state.end != nil { shared.arrived.signal() }
                return (nil, false)
            }
            let chunk = state.chunks[state.first]
            state.chunks[state.first] = []
            state.first += 1
            if state.first == state.chunks.count {
                state.chunks.removeAll(keepingCapacity: state.chunks.count < 1024)
                state.first = 0
            }
            let wasFull = state.bytes >= most
            state.bytes -= chunk.count
            return (chunk, wasFull && state.bytes < most)
        }
        if hasRoomAgain { shared.changed.signal() }
        return chunk
    }

    /// Why nothing more comes; `nil` while something may, or some of it waits to be taken.
    var end: String? { shared.state.withLock { $0.first < $0.chunks.count ? nil : $0.end } }

    private static func read(_ descriptor: CInt, most: Int, _ shared: Shared) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: maxRead, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let (isClosed, isFull) = shared.state.withLock { ($0.isClosed, $0.bytes >= most) }
            if isClosed { return }
            let waits = isFull ? [shared.changed.descriptor] : [shared.changed.descriptor, descriptor]
            let ready = waitReadable(waits, for: .seconds(3600))
            if ready[0] { shared.changed.clear() }
            guard !isFull, ready[1] else { continue }
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            let code = errno
            if count < 0, code == EAGAIN || code == EINTR { continue }
            if count <= 0 {
                let reason = count == 0 ? "the server closed the connection" : String(cString: strerror(code))
                shared.state.withLock { $0.end = reason }
                shared.arrived.signal()
                return
            }
            keep(UnsafeRawBufferPointer(rebasing: buffer[..<count]), shared)
        }
    }

    private static func copy(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: bytes.count) { room, count in
            UnsafeMutableRawBufferPointer(room).copyMemory(from: bytes)
            count = bytes.count
        }
    }

    private static func keep(_ bytes: UnsafeRawBufferPointer, _ shared: Shared) {
        let isFirst = shared.state.withLock { state in
            let isFirst = state.first == state.chunks.count
            if let last = state.chunks.indices.last, last >= state.first,
                state.chunks[last].count + bytes.count <= smallChunk
            {
                state.chunks[last].append(contentsOf: bytes)
            } else {
                state.chunks.append(copy(bytes))
            }
            state.bytes += bytes.count
            state.heardAt = .now
            return isFirst
        }
        if isFirst { shared.arrived.signal() }
    }
}
