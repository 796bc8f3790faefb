/// What a run began with; kept in its state.
struct RunRecord: Codable, Equatable {
    var input: InputIdentity
    /// Lines to send: all of the input's, or those that had failed.
    var lines: Int
    /// Where results of requests that failed go, if not to the others.
    var errors: String?
}

/// How far results have been written.
struct RunProgress: Codable, Equatable {
    /// The last `results.seq` and `dead_letters.seq`.
    var results: Int64 = 0
    var deadLetters: Int64 = 0
    /// Lengths of the output and of the file of errors.
    var bytes: Int64 = 0
    var errorBytes: Int64 = 0
    var lines = 0
    var failures = FailureCauses()
}

/// How many requests failed, by cause.
struct FailureCauses: Codable, Equatable, Sendable {
    struct Cause: Codable, Equatable, Sendable {
        /// Such as `HTTP 404` or `DEADLINE_EXCEEDED`.
        var name: String
        var count: Int
        /// What was said of the first request that failed so.
        var example: String
    }

    private var causes: [Cause] = []

    mutating func add(_ outcome: Outcome?) {
        let name = outcome?.errorCode ?? outcome?.statusCode.map { "HTTP \($0)" } ?? "no result"
        if let place = causes.firstIndex(where: { $0.name == name }) {
            causes[place].count += 1
        } else {
            causes.append(Cause(name: name, count: 1, example: outcome?.reason ?? ""))
        }
    }

    var count: Int { causes.reduce(0) { $0 + $1.count } }

    /// The most frequent first.
    var sorted: [Cause] { causes.sorted { ($1.count, $0.name) < ($0.count, $1.name) } }

    /// A line for each cause; empty when nothing failed.
    var text: String {
        sorted.map { cause in
            let said = cause.example.isEmpty ? "" : "; the first: \(cause.example)"
            return "  \(cause.count) × \(cause.name)\(said)\n"
        }.joined()
    }
}
