import QueueConformance
import Testing

@Suite(.timeLimit(.minutes(1)))
struct RedisPubSubConformanceTests {
    @Test(arguments: ConformanceCase.all(for: RedisPubSubHarness.promises))
    func conforms(_ conformance: ConformanceCase) async throws {
        try await conformance.run(RedisPubSubHarness())
    }
}
