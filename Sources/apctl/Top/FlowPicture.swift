import Settings

/// The pipeline as a picture: stages, what passes between them each second, and how many requests are where.
struct FlowPicture {
    let flow: TopScene.Flow
    /// Of the screen.
    let width: Int

    /// Widths of the columns on a screen of 60: queue, ingest, dispatch, emit, and what is settled.
    private static let narrow = [12, 12, 15, 12, 9]
    /// Longer arrows tell no more.
    private static let widest = 120

    var lines: [String] {
        [
            arrows,
            row([below(.leases), below(.requests), below(.outcomes), below(.settled)], isRight: true),
            row([
                count(.queue, "wait"), count(.leased, "leased"), count(.slot, "to start"),
                count(.settlement, "to settle"),
            ]),
            row([count(.parked, "parked"), count(.link, "on link"), count(.gateway, "at gateway"), "▲"]),
            row([nil, nil, count(.held, "held back"), "│ " + Shown.perSecond(flow.rates[.verdicts])]),
            row([nil, nil, count(.outcome, "answered"), "│"]),
            row([nil, nil, failures, "\(name(.retry)), \(count(.verdict, "held"))"]),
        ]
    }

    private var widths: [Int] {
        let width = max(Self.narrow.reduce(0, +), min(width, Self.widest))
        return Self.narrow.map { $0 * width / Self.narrow.reduce(0, +) }
    }

    private var arrows: String {
        let names = ["queue", name(.ingest), name(.dispatch), name(.emit)]
        let cells = zip(names, widths).map { name, width in
            let name = name.cut(width - 2)
            let arrow = width - name.columns - 1
            return name + (arrow > 1 ? " " : "") + line(arrow - 2) + "▶ "
        }
        return (cells.joined() + "settled").cut(width)
    }

    /// `└──── 2.1/s ▶`, to the column of retry.
    private var failures: String {
        let rate = Shown.perSecond(flow.rates[.failures])
        return "└" + line(widths[2] - 1 - rate.columns - 4) + " \(rate) ▶"
    }

    private func line(_ length: Int) -> String { String(repeating: "─", count: max(0, length)) }

    private func row(_ cells: [String?], isRight: Bool = false) -> String {
        var line = ""
        for (index, cell) in cells.enumerated() {
            let (text, width) = (cell ?? "", widths[index])
            // Nothing stands behind the last one.
            let isLast = index == cells.count - 1 && !isRight
            line += isLast ? text : (isRight ? text.fittedRight(width - 1) : text.fitted(width - 1)) + " "
        }
        return line.withoutTrailingSpaces.cut(width)
    }

    private func below(_ hop: TopScene.Hop) -> String { Shown.perSecond(flow.rates[hop]) }

    private func count(_ place: TopScene.Place, _ words: String) -> String {
        "\(Shown.count(flow.held[place])) \(words)"
    }

    /// Such as `dispatch`, `dispatch ×3`, and `dispatch 2/3` when one does not answer.
    private func name(_ stage: StageName) -> String {
        let processes = flow.processes[stage] ?? TopScene.Flow.Processes()
        if processes.answering < processes.all { return "\(stage.rawValue) \(processes.answering)/\(processes.all)" }
        return processes.all == 1 ? stage.rawValue : "\(stage.rawValue) ×\(processes.all)"
    }
}
