import QueueConformance
import Testing

@Suite(.timeLimit(.minutes(1)))
struct RedisChannelConformanceTests {
    @Test(arguments: ConformanceCase.all(for: RedisChannelHarness.promises))
    func conforms(_ conformance: ConformanceCase) async throws {
        try await conformance.run(RedisChannelHarness())
    }
}
