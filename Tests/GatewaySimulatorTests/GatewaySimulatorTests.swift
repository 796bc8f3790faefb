import GatewaySimulator
import Messages
import Testing

struct GatewaySimulatorTests {
    @Test(.timeLimit(.minutes(1)))
    func answersACompletionOnAConnectionThatStaysOpen() async throws {
        try await withGateway { gateway in
            let client = RawClient(port: gateway.port)
            for attempt in 1...3 {
                client.post("/v1/completions", #"{"model":"food-review-1","prompt":"Hi"}"#)
                let response = try #require(client.response())
                #expect(response.status == 200)
                #expect(response.body.contains(#""object":"text_completion""#))
                #expect(gateway.requests().last?.attempt == attempt)
            }
            #expect(gateway.requests().map(\.connection) == [1, 1, 1])
            #expect(gateway.requests().map(\.outcome) == Array(repeating: .answered(200), count: 3))
        }
    }
}

/// Starts a gateway, and stops it whatever happens.
func withGateway(
    _ settings: GatewaySettings = GatewaySettings(), _ body: (GatewaySimulator) async throws -> Void
) async throws {
    let gateway = try await GatewaySimulator.start(settings)
    do {
        try await body(gateway)
    } catch {
        await gateway.stop()
        throw error
    }
    await gateway.stop()
}
