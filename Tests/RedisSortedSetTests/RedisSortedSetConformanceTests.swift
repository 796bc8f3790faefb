import QueueConformance
import Testing

@Suite(.timeLimit(.minutes(1)))
struct RedisSortedSetConformanceTests {
    @Test(arguments: ConformanceCase.all(for: RedisSortedSetHarness.promises))
    func conforms(_ conformance: ConformanceCase) async throws {
        try await conformance.run(RedisSortedSetHarness())
    }
}
