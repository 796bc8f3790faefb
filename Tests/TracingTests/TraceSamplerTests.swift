import Messages
import Primitives
import Testing

@testable import PipelineTracing

struct TraceSamplerTests {
    private static func parent(flags: UInt8) throws -> TraceContext {
        TraceContext(
            traceID: try #require(TraceID(high: 1, low: .max)), spanID: try #require(SpanID(1)), flags: flags)
    }

    @Test(arguments: [0.0, 0.5, 1.0])
    func doesAsTheCallerHasDecided(ratio: Double) throws {
        let sampler = TraceSampler(followsParent: true, ratio: ratio)
        let (taken, left) = (try Self.parent(flags: 1), try Self.parent(flags: 2))
        #expect(sampler.records(taken.traceID, parent: taken))
        #expect(!sampler.records(left.traceID, parent: left))
    }

    @Test
    func decidesByTheTraceAloneWhereItIsToldSo() throws {
        let caller = try Self.parent(flags: 1)
        #expect(!TraceSampler(followsParent: false, ratio: 0.5).records(caller.traceID, parent: caller))
        let other = try Self.parent(flags: 0)
        #expect(TraceSampler(followsParent: false, ratio: 1).records(other.traceID, parent: other))
    }

    @Test(arguments: [true, false])
    func decidesByTheLastEightBytes(followsParent: Bool) throws {
        let sampler = TraceSampler(followsParent: followsParent, ratio: 0.25)
        // The part below a quarter of all numbers of 63 bits, twice.
        let bound: UInt64 = 1 << 62
        for (low, isRecorded) in [(1, true), (bound - 1, true), (bound, false), (UInt64.max, false)] {
            #expect(sampler.records(try #require(TraceID(high: .max, low: low)), parent: nil) == isRecorded)
        }
    }

    @Test
    func recordsAboutThePartThatIsWanted() {
        var identifiers = Identifiers(SplitMix64(seed: 7))
        let sampler = TraceSampler(followsParent: true, ratio: 0.1)
        let count = (0..<20_000).count { _ in sampler.records(identifiers.nextTrace(), parent: nil) }
        #expect((1_800...2_200).contains(count))
    }

    @Test
    func recordsNoneOrAllAtTheEnds() throws {
        for low: UInt64 in [1, 2, .max / 2, .max] {
            let trace = try #require(TraceID(high: 0, low: low))
            #expect(!TraceSampler(followsParent: true, ratio: 0).records(trace, parent: nil))
            #expect(TraceSampler(followsParent: true, ratio: 1).records(trace, parent: nil))
        }
        #expect(TraceSampler(followsParent: false, ratio: 0).recordsNothing)
        #expect(!TraceSampler(followsParent: true, ratio: 0).recordsNothing)
    }
}
