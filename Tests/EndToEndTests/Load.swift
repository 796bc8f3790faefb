import GatewaySimulator
import Messages

/// How a gateway of these tests treats the requests it gets: faults by request and attempt, so that every run is alike.
struct Faults: Sendable {
    /// 10 % shed, 5 % unavailable, 1 % cut: each once, before the answer.
    static let some: @Sendable (GatewayRequest) -> GatewayAnswer? = { request in
        request.attempt == 1 ? fault(request.text) : nil
    }

    /// Attempts that a request with this body needs under `some`.
    static func attempts(_ body: String) -> Int { fault(body) == nil ? 1 : 2 }

    private static func fault(_ body: String) -> GatewayAnswer? {
        switch body.utf8.reduce(UInt32(2_166_136_261), { ($0 ^ UInt32($1)) &* 16_777_619 }) % 100 {
        case 0..<10: .refusal(429, retryAfter: nil)
        case 10..<15: .refusal(503, retryAfter: nil)
        case 15: .cutInBody
        default: nil
        }
    }
}

/// Flags that make retries quick.
let quickRetries = ["--backoff-base", "0.02", "--backoff-max", "0.2"]

/// The gateway's URL for completions.
extension GatewaySimulator {
    var completions: String { url + "/v1/completions" }

    /// Attempts per request body.
    func attemptsPerBody() -> [String: Int] {
        requests().reduce(into: [:]) { $0[$1.text, default: 0] += 1 }
    }
}

/// Starts a gateway, runs `body`, and stops it.
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

/// Ids of a run, each with the same width.
func ids(_ count: Int, _ prefix: String = "r") -> [String] {
    (0..<count).map { prefix + String(repeating: "0", count: 5 - "\($0)".count) + "\($0)" }
}
