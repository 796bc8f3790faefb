import QueueConformance
import Testing

struct SQLiteConformanceTests {
    @Test(.timeLimit(.minutes(2)), arguments: ConformanceCase.all(for: SQLiteHarness.promises))
    func conforms(to conformance: ConformanceCase) async throws {
        try await withDatabase { try await conformance.run($0) }
    }
}
