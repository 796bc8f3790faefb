import Settings

/// What the page shows of a scene; figures are texts, as `apctl top` shows them.
struct SceneDocument: Encodable, Equatable, Sendable {
    /// Of a table.
    struct Row: Encodable, Equatable, Sendable {
        var cells: [String]
        /// Somebody has to look at it.
        var isSevere = false
        /// All that it says, for people.
        var words: [String]?
    }

    /// All processes of a stage.
    struct Stage: Encodable, Equatable, Sendable {
        /// Such as `3 processes` and `2 of 3 answer`.
        var text: String
        var isSevere: Bool
    }

    struct Trouble: Encodable, Equatable, Sendable {
        var text: String
        var isSevere: Bool
    }

    struct Change: Encodable, Equatable, Sendable {
        var time: String
        var text: String
    }

    /// Of which run of `apctl ui` it is: with another one points are counted anew.
    var run = ""
    var time: String
    var summary: String
    var isWell: Bool
    var stages: [String: Stage]
    /// Requests by the place that they are in, and messages each second by what they do.
    var held: [String: String]
    var rates: [String: String]
    var troubles: [Trouble]
    var processes: [Row]
    var queues: [Row]
    var gateways: [Row]
    /// The newest first.
    var changes: [Change]
    var points: [HourOfPoints.Point] = []

    private static let places: [TopScene.Place] = [
        .queue, .parked, .leased, .link, .slot, .held, .gateway, .outcome, .verdict, .settlement,
    ]
    private static let hops: [TopScene.Hop] = [.requests, .outcomes, .failures, .verdicts, .settled]

    init(_ scene: TopScene) {
        let (ready, all) = (scene.processes.count { $0.condition == .ready }, scene.processes.count)
        time = scene.time
        let isWrong = scene.troubles.contains(where: \.isSevere)
        isWell = ready == all && !isWrong
        summary =
            ready < all
            ? "\(ready) of \(all) processes are ready"
            : "all \(all) processes are ready\(isWrong ? ", but not all is well" : "")"
        stages = scene.flow.processes.reduce(into: [:]) { $0[$1.key.rawValue] = Stage($1.value) }
        held = Self.places.reduce(into: [:]) { $0["\($1)"] = Shown.count(scene.flow.held[$1]) }
        rates = Self.hops.reduce(into: [:]) { $0["\($1)"] = Shown.perSecond(scene.flow.rates[$1]) }
        troubles = scene.troubles.map { Trouble(text: $0.text, isSevere: $0.isSevere) }
        processes = scene.processes.map(Row.init)
        queues = scene.queues.map { Row($0, slots: scene.slots) }
        gateways = scene.gateways.map(Row.init)
        changes = scene.changes.reversed().map { Change(time: $0.time, text: $0.text) }
    }
}

extension SceneDocument.Stage {
    fileprivate init(_ processes: TopScene.Flow.Processes) {
        let (answering, all) = (processes.answering, processes.all)
        isSevere = answering < all
        text =
            switch all {
            case answering: "\(all) \(all == 1 ? "process" : "processes")"
            case 1: "no answer"
            default: "\(answering) of \(all) \(answering == 1 ? "answers" : "answer")"
            }
    }
}

extension SceneDocument.Row {
    fileprivate init(_ process: TopScene.Process) {
        cells = process.cells
        isSevere = process.isSevere
        words = process.words.map { String($0.drop { $0 == " " }) }
    }

    fileprivate init(_ queue: TopScene.Queue, slots: Double?) {
        cells = [
            queue.name.onOneLine, Shown.count(queue.waiting), Shown.rate(queue.perSecond), queue.timeLeft,
            Shown.count(queue.atRisk), queue.slotsText(of: slots), Shown.count(queue.parked),
            Shown.count(queue.inStages),
        ]
        isSevere = (queue.atRisk ?? 0) > 0
    }

    fileprivate init(_ gateway: TopScene.Gateway) {
        cells = gateway.cells
        isSevere = !TopScene.isWell(gateway.state)
    }
}
