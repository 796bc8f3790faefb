import DequeModule
import Synchronization

/// Spans that have ended and wait to be sent, as many as there is room for.
///
/// Whoever ends a span leaves it here and goes on; the exporter comes for them.
package final class SpanBuffer: Sendable {
    /// So many spans, and so many bytes of them (`EndedSpan.size`).
    package struct Amount: Sendable {
        package var spans: Int
        package var bytes: Int

        package init(spans: Int, bytes: Int) {
            self.spans = spans
            self.bytes = bytes
        }
    }

    private struct Waiting {
        var spans: Deque<(span: EndedSpan, bytes: Int)> = []
        var bytes = 0
    }

    /// Something is to be sent; ends with `close`.
    let wakes: AsyncStream<Void>
    private let waiting = Mutex(Waiting())
    private let isShut = Atomic(false)
    private let wish: AsyncStream<Void>.Continuation
    private let capacity: Amount
    /// So many wake the exporter before its time.
    private let enough: Amount
    private let onDrop: @Sendable () -> Void

    /// - Parameter onDrop: called for each span that finds no room.
    package init(capacity: Amount, enough: Amount, onDrop: @escaping @Sendable () -> Void) {
        self.capacity = capacity
        self.enough = enough
        self.onDrop = onDrop
        (wakes, wish) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    package var count: Int { waiting.withLock { $0.spans.count } }

    /// Nothing new is waited for: the process ends.
    var isClosed: Bool { isShut.load(ordering: .relaxed) }

    package func add(_ span: EndedSpan) {
        let size = span.size
        let total: Amount? = waiting.withLock { waiting in
            guard waiting.spans.count < capacity.spans, waiting.bytes + size <= capacity.bytes else { return nil }
            waiting.spans.append((span, size))
            waiting.bytes += size
            return Amount(spans: waiting.spans.count, bytes: waiting.bytes)
        }
        guard let total else { return onDrop() }
        let isEnough = total.bytes >= enough.bytes && total.bytes - size < enough.bytes
        if isEnough || total.spans == enough.spans { wake() }
    }

    /// The oldest, at most so many, and at least one if there is any.
    package func take(_ limit: Amount) -> [EndedSpan] {
        waiting.withLock { waiting in
            var taken: [EndedSpan] = []
            var bytes = 0
            while taken.count < limit.spans, let next = waiting.spans.first,
                taken.isEmpty || bytes + next.bytes <= limit.bytes
            {
                taken.append(next.span)
                bytes += next.bytes
                waiting.spans.removeFirst()
            }
            waiting.bytes -= bytes
            return taken
        }
    }

    func wake() { wish.yield() }

    /// Lets the exporter send what is left, and end.
    func close() {
        isShut.store(true, ordering: .relaxed)
        wish.finish()
    }
}
