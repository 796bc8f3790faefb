import DequeModule
import Synchronization

/// Spans that have ended and wait to be sent, as many as there is room for.
///
/// Whoever ends a span leaves it here and goes on; the exporter comes for them.
package final class SpanBuffer: Sendable {
    /// Something is to be sent; ends with `close`.
    let wakes: AsyncStream<Void>
    private let spans = Mutex(Deque<EndedSpan>())
    private let isShut = Atomic(false)
    private let wish: AsyncStream<Void>.Continuation
    private let capacity: Int
    /// So many wake the exporter before its time.
    private let enough: Int
    private let onDrop: @Sendable () -> Void

    /// - Parameter onDrop: called for each span that finds no room.
    package init(capacity: Int, enough: Int, onDrop: @escaping @Sendable () -> Void) {
        self.capacity = capacity
        self.enough = enough
        self.onDrop = onDrop
        (wakes, wish) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    package var count: Int { spans.withLock { $0.count } }

    /// Nothing new is waited for: the process ends.
    var isClosed: Bool { isShut.load(ordering: .relaxed) }

    package func add(_ span: EndedSpan) {
        let count = spans.withLock { spans in
            guard spans.count < capacity else { return 0 }
            spans.append(span)
            return spans.count
        }
        if count == 0 { onDrop() } else if count == enough { wake() }
    }

    /// The oldest, at most so many.
    package func take(_ limit: Int) -> [EndedSpan] {
        spans.withLock { spans in
            let taken = Array(spans.prefix(limit))
            spans.removeFirst(taken.count)
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
