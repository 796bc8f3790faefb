/// What is said at the end of a run.
struct RunSummary: Equatable {
    var ending: Runner.Ending
    var paths: RunPaths
    /// Results of this command.
    var done: Int
    var seconds: Double

    var exit: RunExit {
        switch ending.reason {
        case .complete: ending.state.failures.count == 0 ? .allAnswered : .someFailed
        case .stopped: .stopped
        case .hopeless: .hopelessGateway
        case .failed(let failure): failure.isLasting ? .cannotStart : .someFailed
        }
    }

    /// Counts, and the causes of failures.
    var text: String {
        let state = ending.state
        let rate = seconds > 0 ? (Double(done) / seconds * 10).rounded() / 10 : 0
        let errors = paths.errors.map { ", of failed requests: \($0)" } ?? ""
        return """
            \(state.done) of \(state.total) requests have their results, \(state.failures.count) of them failures; \
            \(done) in \((seconds * 10).rounded() / 10) s (\(rate)/s). Results: \(paths.output)\(errors)
            \(state.failures.text)
            """
    }

    /// Why it is not complete, and how to go on.
    var advice: String {
        let why: String
        switch ending.reason {
        case .complete, .stopped: why = ""
        case .hopeless(let reason): why = "\(reason)\n"
        case .failed(let failure): why = "apctl run: \(failure.reason)\n"
        }
        return why + "To go on where this stopped, run the same command again. Logs of the stages: \(paths.state)\n"
    }
}
