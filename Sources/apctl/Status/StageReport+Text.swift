import Settings

extension StageReport {
    /// For people: a line that says how it is, and lines below it that say why.
    var text: String {
        let version = status?.version.map { " \($0.onOneLine)" } ?? ""
        let lines = ["\(stage.rawValue)\(version) at http://\(address.authority): \(condition)"]
        return (lines + details.map { "    " + $0 }).map { $0 + "\n" }.joined()
    }

    /// The last line.
    static func summary(_ reports: [StageReport]) -> String {
        let ready = reports.count(where: \.isReady)
        return ready == reports.count
            ? "All \(ready) stages are ready.\n" : "\(ready) of \(reports.count) stages are ready.\n"
    }

    private var condition: String {
        let running = status?.uptimeSeconds.map { ", running for \(TimeSpan(seconds: $0))" } ?? ""
        return switch readiness {
        case .ready(nil): "ready\(running)"
        case .ready(let note?) where tellsOfAGateway(note): "ready, but its gateway is not well\(running)"
        case .ready(let note?): "ready, but: \(note.onOneLine)\(running)"
        case .notReady(let reason): "not ready: \(reason.onOneLine)\(running)"
        case .silent(let error): "no answer: \(error)"
        }
    }

    /// Gateways have a line of their own.
    private func tellsOfAGateway(_ text: String) -> Bool {
        guard let origin = StageStatusDocument.gateway(of: text) else { return false }
        return status?.gateways.contains { $0.origin == origin } == true
    }

    private var details: [String] {
        if case .silent = readiness {
            return ["Is it started? If its --metrics-host or --metrics-port is another, say so: --\(stage) HOST:PORT."]
        }
        guard let status else { return [] }
        var lines: [String] = []
        let reasons = status.reasons.filter { !tellsOfAGateway($0) }
        if !reasons.isEmpty { lines.append("Nothing moves: \(reasons.map(\.onOneLine).joined(separator: "; ")).") }
        lines += status.queues.compactMap(\.text) + status.gateways.map(\.text) + status.pools.map(\.line)
        lines += status.gates.map(\.text)
        let counts = status.counts.filter { $0.value != 0 }.sorted { $0.key < $1.key }
        if !counts.isEmpty {
            lines.append(
                "Counts: \(counts.map { "\($0.key.words) \($0.value)" }.joined(separator: ", ")).")
        }
        return lines + status.peers.map(\.text)
    }
}

extension StageStatusDocument.Gate {
    /// `Gate redis-quota of queue batch: shut: the quota cannot be asked`.
    var text: String {
        let reason = (reason ?? "").onOneLine
        return "Gate \(name.onOneLine) of \(owner.onOneLine): \(condition.words)\(reason.isEmpty ? "" : ": \(reason)")."
    }
}

extension StageStatusDocument.Peer {
    /// `Link ingest-dispatch, tcp://127.0.0.1:5557: alive, room for 8, 3 open, the oldest for 2 s`.
    var text: String {
        var parts = [state.words]
        if let room { parts.append("room for \(room)") }
        if let open { parts.append("\(open) open") }
        if let oldestOpenSeconds { parts.append("the oldest for \(TimeSpan(seconds: oldestOpenSeconds))") }
        return "Link \(link.onOneLine), \(address.onOneLine): \(parts.joined(separator: ", "))."
    }
}

extension StageStatusDocument.Queue {
    /// `The queue batch: 12 wait, 3 wait for a retry, the first until 2026-11-30T12:04:05Z`.
    fileprivate var text: String? {
        var parts: [String] = []
        if let waiting { parts.append("\(waiting) \(waiting == 1 ? "waits" : "wait")") }
        if let parked { parts.append("\(parked) \(parked == 1 ? "waits" : "wait") for a retry") }
        if let nextDue { parts.append("the first until \(nextDue.onOneLine)") }
        if parts.isEmpty { return nil }
        return "The queue \((name ?? "without a name").onOneLine): \(parts.joined(separator: ", "))."
    }
}

extension StageStatusDocument.Pool {
    /// `The pool http://gpu:8000 llama: 37 of at most 512 at once, …; held by the target; 3 requests wait for it`.
    var line: String {
        var parts = [text?.onOneLine ?? "nothing is known of it"]
        if let waiting, waiting > 0 {
            parts.append(waiting == 1 ? "1 request waits for it" : "\(waiting) requests wait for it")
        }
        return "The pool \(name.onOneLine): \(parts.joined(separator: "; "))."
    }
}

extension StageStatusDocument.Gateway {
    /// `The gateway http://gpu:8000 of the queue batch: refuses connections since 12:04; 12 requests wait for it`.
    fileprivate var text: String {
        var parts = [state.words + (since.map { " since \($0.onOneLine)" } ?? "")]
        if let reason, !reason.isEmpty { parts.append(reason.onOneLine) }
        if let held, held > 0 { parts.append(held == 1 ? "1 request waits for it" : "\(held) requests wait for it") }
        let attempts = attempts.filter { $0.value != 0 }.sorted { $0.key < $1.key }
        if !attempts.isEmpty {
            parts.append("attempts: " + attempts.map { "\($0.value) × \($0.key.words)" }.joined(separator: ", "))
        }
        let queue = queue.map { $0.isEmpty ? "" : " of the queue \($0.onOneLine)" } ?? ""
        return "The gateway \((origin ?? "of unknown address").onOneLine)\(queue): \(parts.joined(separator: "; "))."
    }
}

extension String {
    /// `outcome_bytes` as `outcome bytes`.
    var words: String { onOneLine.replacing("_", with: " ") }
}
