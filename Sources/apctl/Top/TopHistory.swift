/// What was seen before: makes of each round what there is to see now.
struct TopHistory {
    private var last: Round?
    /// What each process said when it told its figures last.
    private var counted: [ProcessID: StageReading] = [:]
    private var silentSince: [ProcessID: Double] = [:]
    private var changes: [TopScene.Change] = []

    mutating func take(_ round: Round) -> TopScene {
        let most = ReadingLimits.allChanges
        let news = (last.map { TopScene.Change.between($0, round) } ?? []).shared(most) { $0.source }
        changes = changes.latest(most - news.count) { $0.source } + news
        var intervals: [ProcessID: StageInterval] = [:]
        var silence: [ProcessID: Double] = [:]
        for reading in round.readings {
            if case .silent = reading.report.readiness { silence[reading.id] = silentSince[reading.id] ?? round.time }
            if let before = counted[reading.id] { intervals[reading.id] = StageInterval(before, reading) }
            if reading.figures != nil { counted[reading.id] = reading }
        }
        let known = Set(round.readings.map(\.id))
        counted = counted.filter { known.contains($0.key) }
        silentSince = silence
        last = round
        var scene = TopScene(round, intervals, silentFor: silence.mapValues { round.time - $0 })
        scene.changes = changes
        scene.newChanges = news.count
        return scene
    }
}
