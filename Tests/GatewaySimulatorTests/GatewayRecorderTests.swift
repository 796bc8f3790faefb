import Testing

@testable import GatewaySimulator

struct GatewayRecorderTests {
    @Test(.timeLimit(.minutes(1)))
    func wakesEachWaiterWhenItsCountIsReached() async throws {
        let recorder = GatewayRecorder()
        async let two = recorder.requests(atLeast: 2)
        async let one = recorder.requests(atLeast: 1)
        recorder.arrived(request(1))
        #expect(try await one.isEmpty == false)
        recorder.arrived(request(2))
        #expect(try await two.map(\.number) == [1, 2])
        #expect(try await recorder.requests(atLeast: 0).count == 2)
    }

    @Test
    func theLastWordAboutARequestCounts() {
        let recorder = GatewayRecorder()
        recorder.arrived(request(1))
        recorder.arrived(request(2))
        recorder.ended(2, .answered(200))
        recorder.ended(2, .abandoned)
        #expect(recorder.requests.map(\.outcome) == [.open, .abandoned])
    }

    /// Cancelled at any moment around the wait, it ends, and nobody is woken twice.
    @Test(.timeLimit(.minutes(1)))
    func everyCancelledWaitEnds() async {
        let recorder = GatewayRecorder()
        await withTaskGroup(of: Bool.self) { group in
            for number in 0..<200 {
                group.addTask {
                    let wait = Task { try await recorder.requests(atLeast: 1_000_000) }
                    if number % 2 == 0 { await Task.yield() }
                    wait.cancel()
                    do {
                        _ = try await wait.value
                        return false
                    } catch {
                        return error is CancellationError
                    }
                }
            }
            for await ended in group { #expect(ended) }
        }
    }

    private func request(_ number: Int) -> GatewayRequest {
        GatewayRequest(
            number: number, connection: 1, attempt: 1, method: "GET", path: "/", headers: [], body: [], outcome: .open)
    }
}
