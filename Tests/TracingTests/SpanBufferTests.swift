import Messages
import Synchronization
import Testing
import Tracing

@testable import PipelineTracing

struct SpanBufferTests {
    private final class Count: Sendable {
        private let number = Atomic(0)
        var value: Int { number.load(ordering: .relaxed) }
        func add() { number.add(1, ordering: .relaxed) }
    }

    private let dropped = Count()

    private func buffer(_ capacity: Int, enough: Int = 100, bytes: Int = .max) -> SpanBuffer {
        SpanBuffer(
            capacity: SpanBuffer.Amount(spans: capacity, bytes: bytes),
            enough: SpanBuffer.Amount(spans: enough, bytes: bytes / 2)
        ) { [dropped] in dropped.add() }
    }

    /// So many, whatever they have in bytes.
    private func some(_ count: Int) -> SpanBuffer.Amount { SpanBuffer.Amount(spans: count, bytes: .max) }

    private func large(_ name: String) throws -> EndedSpan {
        var span = try span(name)
        span.attributes["text"] = String(repeating: "x", count: 10_000)
        return span
    }

    @Test
    func keepsTheFirstAndCountsTheRest() throws {
        let buffer = buffer(3)
        for number in 1...5 { buffer.add(try span("\(number)")) }
        #expect(dropped.value == 2)
        #expect(buffer.take(some(2)).map(\.name) == ["1", "2"])
        buffer.add(try span("6"))
        #expect(dropped.value == 2)
        #expect(buffer.take(some(10)).map(\.name) == ["3", "6"])
        #expect(buffer.take(some(10)).isEmpty)
    }

    @Test(.timeLimit(.minutes(1)))
    func wakesTheExporterWhenThereAreEnough() async throws {
        let buffer = buffer(10, enough: 2)
        buffer.add(try span("1"))
        buffer.add(try span("2"))
        for await _ in buffer.wakes { break }
        #expect(buffer.count == 2)
    }

    @Test(.timeLimit(.minutes(1)))
    func keepsNoMoreBytesThanThereIsRoomFor() async throws {
        let buffer = buffer(1000, bytes: 35_000)
        for number in 1...5 { buffer.add(try large("\(number)")) }
        buffer.add(try span("small"))
        #expect(dropped.value == 2)
        for await _ in buffer.wakes { break }
        #expect(buffer.take(some(2)).map(\.name) == ["1", "2"])
        buffer.add(try large("6"))
        #expect(buffer.take(some(10)).map(\.name) == ["3", "small", "6"])
    }

    @Test
    func partsBatchesByTheirBytes() throws {
        let buffer = buffer(10)
        for name in ["1", "2", "3"] { buffer.add(try large(name)) }
        buffer.add(try span("small"))
        let amount = SpanBuffer.Amount(spans: 10, bytes: 25_000)
        #expect(buffer.take(amount).map(\.name) == ["1", "2"])
        #expect(buffer.take(SpanBuffer.Amount(spans: 10, bytes: 1)).map(\.name) == ["3"], "larger than any batch")
        #expect(buffer.take(amount).map(\.name) == ["small"])
        #expect(buffer.take(amount).isEmpty)
    }

    @Test(.timeLimit(.minutes(1)))
    func endsWhenItIsClosed() async throws {
        let buffer = buffer(10)
        #expect(!buffer.isClosed)
        buffer.close()
        for await _ in buffer.wakes { Issue.record("nothing has been added") }
        #expect(buffer.isClosed)
        buffer.add(try span("late"))
        #expect(buffer.take(some(1)).map(\.name) == ["late"], "what ends during the drain is still sent")
    }
}

/// A span that has ended.
func span(_ name: String) throws -> EndedSpan {
    let trace = TraceContext(
        traceID: try #require(TraceID(high: 1, low: 2)), spanID: try #require(SpanID(3)), flags: 1)
    return EndedSpan(trace: trace, parent: SpanID(4), name: name, kind: .internal, start: 5)
}
