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

    private func buffer(_ capacity: Int, enough: Int = 100) -> SpanBuffer {
        SpanBuffer(capacity: capacity, enough: enough) { [dropped] in dropped.add() }
    }

    @Test
    func keepsTheFirstAndCountsTheRest() throws {
        let buffer = buffer(3)
        for number in 1...5 { buffer.add(try span("\(number)")) }
        #expect(dropped.value == 2)
        #expect(buffer.take(2).map(\.name) == ["1", "2"])
        buffer.add(try span("6"))
        #expect(dropped.value == 2)
        #expect(buffer.take(10).map(\.name) == ["3", "6"])
        #expect(buffer.take(10).isEmpty)
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
    func endsWhenItIsClosed() async throws {
        let buffer = buffer(10)
        #expect(!buffer.isClosed)
        buffer.close()
        for await _ in buffer.wakes { Issue.record("nothing has been added") }
        #expect(buffer.isClosed)
        buffer.add(try span("late"))
        #expect(buffer.take(1).map(\.name) == ["late"], "what ends during the drain is still sent")
    }
}

/// A span that has ended.
func span(_ name: String) throws -> EndedSpan {
    let trace = TraceContext(
        traceID: try #require(TraceID(high: 1, low: 2)), spanID: try #require(SpanID(3)), flags: 1)
    return EndedSpan(trace: trace, parent: SpanID(4), name: name, kind: .internal, start: 5)
}
