import QueueConformance
import Testing

@Suite(.timeLimit(.minutes(1)))
struct SortedSetConformanceTests {
    @Test(arguments: ConformanceCase.all(for: SortedSetHarness.promises))
    func conforms(_ conformance: ConformanceCase) async throws {
        try await conformance.run(SortedSetHarness())
    }
}
