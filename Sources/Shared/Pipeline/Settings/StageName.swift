/// The four executables of the pipeline.
package enum StageName: String, Sendable, CaseIterable {
    case ingest, dispatch, retry, emit

    /// Where it listens for envelopes by default; ingest is sent none.
    package var listenPort: Int? {
        switch self {
        case .ingest: nil
        case .dispatch: 5557
        case .retry: 5558
        case .emit: 5559
        }
    }

    /// Where it takes its receivers' reports by default; emit has no receivers.
    package var acksPort: Int? {
        switch self {
        case .ingest: 5566
        case .dispatch: 5567
        case .retry: 5568
        case .emit: nil
        }
    }

    /// Where it serves its status endpoints by default.
    package var metricsPort: Int {
        switch self {
        case .ingest: 9091
        case .dispatch: 9092
        case .retry: 9093
        case .emit: 9094
        }
    }

    /// The stages it sends envelopes to.
    package var receivers: [StageName] {
        switch self {
        case .ingest: [.dispatch]
        case .dispatch: [.retry, .emit]
        case .retry: [.emit]
        case .emit: []
        }
    }

    var abstract: String {
        switch self {
        case .ingest: "Take requests from queues and pass them to dispatch."
        case .dispatch: "Send requests to their gateways and pass on what came back."
        case .retry: "Decide for each failed attempt when to try again, or that it is over."
        case .emit: "Tell the queue how each request ended."
        }
    }
}

/// What `--version` and `/status` say.
package let pipelineVersion = "0.1.0"
