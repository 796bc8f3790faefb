import Settings

extension TopScreen {
    /// The whole pipeline.
    func body(_ scene: TopScene) -> [Line] {
        let parts = [
            FlowPicture(flow: scene.flow, width: width).lines.map { Line(text: $0) },
            troubles(scene), processes(scene), queues(scene), gateways(scene), changes(scene),
        ]
        return title(scene) + parts.filter { !$0.isEmpty }.flatMap { [Line(text: "")] + $0 }
    }

    /// One process, with all that it says.
    func inside(_ scene: TopScene, _ view: TopView) -> [Line] {
        let processes = view.order.sorted(scene.processes)
        guard let row = view.marked(processes) else { return title(scene) }
        let process = processes[row]
        let figures = [
            "\(Shown.perSecond(process.perSecond)) passed on, \(Shown.perSecond(process.sentAgain)) sent again",
            "\(Shown.count(process.held)) held, room for \(Shown.count(process.room))",
            "oldest \(Shown.seconds(process.oldest))",
            "\(Shown.percent(process.processor)) of a core", "\(Shown.bytes(process.memory)) of memory",
        ]
        let words = [figures.joined(separator: ", ") + "."] + process.words.map(\.withoutMargin)
        let changes = scene.changes.filter { $0.source == process.id }.map { "\($0.time)  \($0.text)" }
        let lines = words + (changes.isEmpty ? [] : ["", "Of late:"] + changes)
        return title(scene) + [
            Line(text: ""), Line(text: "\(process.id): \(process.condition.rawValue)", style: .title), Line(text: ""),
        ] + lines.flatMap { $0.isEmpty ? [Line(text: "")] : $0.wrapped(width).map { Line(text: $0) } }
    }

    private func title(_ scene: TopScene) -> [Line] {
        let ready = scene.processes.count { $0.condition == .ready }
        let count =
            ready == scene.processes.count
            ? "all \(ready) processes are ready" : "\(ready) of \(scene.processes.count) processes are ready"
        var text = "\(scene.time)  \(count)"
        if let view {
            if view.isPaused { text += "  PAUSED" }
            if view.order != .way, !view.isInside { text += "  by \(view.order.rawValue)" }
        }
        return [Line(text: text, style: .title)]
    }

    private func troubles(_ scene: TopScene) -> [Line] {
        func lines(_ troubles: [TopScene.Trouble]) -> [Line] {
            troubles.flatMap { trouble in
                trouble.text.wrapped(width).map { Line(text: $0, style: trouble.isSevere ? .severe : .plain) }
            }
        }
        let all = lines(scene.troubles)
        let most = most(0.3)
        if all.count <= most { return all }
        // As many as have room in full, each process with its share.
        var shown = scene.troubles.shared(most - 1) { $0.source }
        while shown.count > 1, lines(shown).count > most - 1 { shown = shown.shared(shown.count - 1) { $0.source } }
        let left = scene.troubles.count - shown.count
        return lines(shown).prefix(most - 1) + [Line(text: left > 0 ? "… \(left) more" : "…")]
    }

    private func changes(_ scene: TopScene) -> [Line] {
        let changes =
            view == nil ? Array(scene.changes.suffix(scene.newChanges)) : scene.changes.latest(20) { $0.source }
        guard !changes.isEmpty else { return [] }
        let lines = changes.reversed().flatMap { change in
            "\(change.time)  \(change.text)".wrapped(width).map { Line(text: $0) }
        }
        return [Line(text: "changes", style: .title)] + lines
    }

    private func processes(_ scene: TopScene) -> [Line] {
        let processes = view?.order.sorted(scene.processes) ?? scene.processes
        let marked = view?.marked(processes)
        let table = TextTable(
            columns: [
                .init(title: "  stage", width: 10, isNumber: false),
                .init(title: "address", isNumber: false, keepsEnd: true),
                .init(title: "state", width: 9, isNumber: false), .init(title: "per s", width: 6),
                .init(title: "held", width: 6), .init(title: "oldest", width: 6),
                .init(title: "room", width: 6, from: 72), .init(title: "again/s", width: 7, from: 90),
                .init(title: "core", width: 5, from: 100), .init(title: "memory", width: 8, from: 100),
                .init(title: "running", width: 8, from: 110),
            ],
            rows: processes.enumerated().map { index, process in
                let cells = process.cells
                return ["\(index == marked ? "▶" : " ") \(cells[0])"] + cells.dropFirst()
            })
        let lines = table.lines(width: width).enumerated().map { index, text in
            let isSevere = index > 0 && processes[index - 1].isSevere
            return Line(text: text, style: index == 0 ? .title : isSevere ? .severe : .plain)
        }
        return lines.prefix(1) + shortened(Array(lines.dropFirst()), to: 0.4, around: marked ?? 0)
    }

    private func queues(_ scene: TopScene) -> [Line] {
        table(
            [
                .init(title: "queue", isNumber: false), .init(title: "wait", width: 7),
                .init(title: "parked", width: 7), .init(title: "in stages", width: 9, from: 84),
                .init(title: "ended/s", width: 7), .init(title: "done in", width: 8), .init(title: "at risk", width: 7),
                .init(title: "slots", width: 14, from: 76),
            ],
            scene.queues, by: { $0.source }
        ) { queue in
            [
                queue.name.onOneLine, Shown.count(queue.waiting), Shown.count(queue.parked),
                Shown.count(queue.inStages), Shown.rate(queue.perSecond), queue.timeLeft, Shown.count(queue.atRisk),
                queue.slotsText(of: scene.slots),
            ]
        }
    }

    private func gateways(_ scene: TopScene) -> [Line] {
        table(
            [
                .init(title: "gateway", isNumber: false), .init(title: "queue", width: 20, from: 100, isNumber: false),
                .init(title: "state", width: 12, isNumber: false), .init(title: "wait", width: 6, from: 84),
                .init(title: "per s", width: 6), .init(title: "again", width: 5),
                .init(title: "mean", width: 7, from: 72), .init(title: "95 % in", width: 7),
            ],
            scene.gateways, by: { $0.source }, \.cells)
    }

    /// The first ones, if all would take too much of the screen; each process has its share.
    private func table<Row>(
        _ columns: [TextTable.Column], _ rows: [Row], by source: (Row) -> ProcessID?, _ cells: (Row) -> [String]
    ) -> [Line] {
        if rows.isEmpty { return [] }
        let most = most(0.2)
        let shown = rows.count > most ? rows.shared(most - 1, by: source) : rows
        let lines = TextTable(columns: columns, rows: shown.map(cells)).lines(width: width)
        let left = rows.count - shown.count
        return [Line(text: lines[0], style: .title)] + lines.dropFirst().map { Line(text: $0) }
            + (left > 0 ? [Line(text: "… \(left) more")] : [])
    }

    /// How many lines this share of the screen is.
    private func most(_ share: Double) -> Int { rows.map { max(3, Int(Double($0) * share)) } ?? .max }

    /// Those around one of them, if all would take more than this share of the screen.
    private func shortened(_ lines: [Line], to share: Double, around row: Int = 0) -> [Line] {
        let most = most(share)
        guard lines.count > most else { return lines }
        let shown = most - 1
        let start = max(0, min(row - shown / 2, lines.count - shown))
        return lines[start..<start + shown] + [Line(text: "… \(lines.count - shown) more")]
    }
}

extension String {
    fileprivate var withoutMargin: String { String(drop { $0 == " " }) }
}
