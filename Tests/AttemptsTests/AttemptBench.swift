import Foundation
import HTTP
import Loop
import Messages

@testable import Attempts

/// An attempter with what it observed.
@PipelineActor
final class AttemptBench {
    @PipelineActor final class Log { var observations: [Attempter.Observation] = [] }
    @PipelineActor final class Results { var envelopes: [Envelope] = [] }

    let attempter: Attempter
    private let log = Log()

    var observations: [Attempter.Observation] { log.observations }

    /// - Parameter now: milliseconds since 1970, at which its clock stands still.
    init(
        concurrency: Int = 8, requestTimeout: Duration = .seconds(20), maxResponseBytes: Int = 1 << 20,
        now: Int64 = 1_000_000, token: GatewayToken? = nil, spans: AttemptSpans? = nil
    ) throws {
        let client = try HTTPClient(
            HTTPClientOptions(maxIdleConnections: concurrency, responseHeaders: AttemptOutcome.responseHeaders))
        let options = AttemptOptions(
            concurrency: concurrency, requestTimeout: requestTimeout, maxResponseBytes: maxResponseBytes)
        attempter = Attempter(
            client: client, options: options, token: token, spans: spans, clock: { now })
    }

    func envelope(_ url: String) -> Envelope {
        Envelope(
            id: "a", queue: "queue", receipt: Receipt("r"), url: url, deadline: 1_000_000,
            payload: Array("{}".utf8)[...])
    }

    func attempt(_ envelope: Envelope) async -> Envelope {
        await withCheckedContinuation { continuation in
            attempter.start(envelope) { [log] envelope, observation in
                log.observations.append(observation)
                continuation.resume(returning: envelope)
            }
        }
    }

    func start(_ envelopes: [Envelope]) -> Results {
        let results = Results()
        for envelope in envelopes {
            attempter.start(envelope) { [log] envelope, observation in
                log.observations.append(observation)
                results.envelopes.append(envelope)
            }
        }
        return results
    }
}

/// A file with a token, gone when it is released.
final class TokenFile {
    let path = FileManager.default.temporaryDirectory.appending(path: "token-\(UUID().uuidString)").path

    init(_ text: String) throws { try text.write(toFile: path, atomically: true, encoding: .utf8) }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
