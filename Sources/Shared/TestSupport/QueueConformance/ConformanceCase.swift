/// One thing that every kind of queue does alike, and what a queue must promise for it to be asked.
///
/// A test target runs them all:
///
///     @Test(.timeLimit(.minutes(1)), arguments: ConformanceCase.all(for: MyHarness.promises))
///     func conforms(_ conformance: ConformanceCase) async throws {
///         try await withMyHarness { try await conformance.run($0) }
///     }
package struct ConformanceCase: Sendable, CustomStringConvertible {
    /// A sentence in camelCase, as tests are named.
    package let description: String
    package let needs: QueuePromises
    /// Throws `ConformanceFailure`, or what the adapter threw.
    package let run: @Sendable (any QueueHarness) async throws -> Void

    init(
        _ description: String, needs: QueuePromises = [],
        run: @escaping @Sendable (any QueueHarness) async throws -> Void
    ) {
        self.description = description
        self.needs = needs
        self.run = run
    }

    /// The cases for a queue with these promises.
    package static func all(for promises: QueuePromises) -> [ConformanceCase] {
        (leasing + takingOver + settling + parking + deadLettering + outages).filter { promises.contains($0.needs) }
    }
}
