import Messages
import Primitives
import Testing

@testable import PipelineTracing

struct IdentifiersTests {
    private let request = Envelope(id: "a", queue: "q", receipt: Receipt("r"), deadline: 1000)

    @Test
    func makesTheSameOfTheSameNumbers() {
        var (one, other) = (Identifiers(SplitMix64(seed: 3)), Identifiers(SplitMix64(seed: 3)))
        var third = Identifiers(SplitMix64(seed: 4))
        #expect(one.nextTrace() == other.nextTrace())
        #expect(one.nextSpan() == other.nextSpan())
        #expect(one.nextTrace() != third.nextTrace())
    }

    @Test
    func neverMakesZero() {
        var identifiers = Identifiers(FewNumbers(numbers: [0, 0, 0, 0, 5, 0, 9]))
        #expect(identifiers.nextTrace() == TraceID(high: 0, low: 5))
        #expect(identifiers.nextSpan() == SpanID(9))
    }

    @Test
    func givesARequestTheSameTraceForEachOfItsAttempts() {
        var later = request
        later.receipt = Receipt("another lease")
        later.failedAttempts = 3
        later.deliveries = 1
        later.leasedAt = 99
        #expect(later.ownTrace == request.ownTrace)
    }

    @Test
    func givesOtherRequestsOtherTraces() {
        let others = [
            Envelope(id: "b", queue: "q", receipt: Receipt("r"), deadline: 1000),
            Envelope(id: "a", queue: "p", receipt: Receipt("r"), deadline: 1000),
            Envelope(id: "a", queue: "q", receipt: Receipt("r"), deadline: 1001),
            Envelope(id: "a", queue: "q", receipt: Receipt("r"), requestToken: "t", deadline: 1000),
            // The same bytes, otherwise divided.
            Envelope(id: "qa", queue: "", receipt: Receipt("r"), deadline: 1000),
        ]
        let traces = others.map(\.ownTrace) + [request.ownTrace]
        #expect(Set(traces).count == traces.count)
    }

    @Test
    func spreadsTracesOverAllNumbers() {
        let sampler = TraceSampler(followsParent: true, ratio: 0.1)
        let count = (0..<20_000).count { number in
            let request = Envelope(id: "r\(number)", queue: "q", receipt: Receipt("r"), deadline: 1000)
            return sampler.records(request.ownTrace, parent: nil)
        }
        #expect((1_800...2_200).contains(count))
    }
}

/// These numbers, and then zeros.
private struct FewNumbers: RandomNumberGenerator, Sendable {
    var numbers: [UInt64]

    mutating func next() -> UInt64 { numbers.isEmpty ? 0 : numbers.removeFirst() }
}
