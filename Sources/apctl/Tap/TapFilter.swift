import ArgumentParser

enum TapStage: String, CaseIterable, ExpressibleByArgument { case ingest, dispatch, retry, emit }

enum TapDirection: String, CaseIterable, ExpressibleByArgument {
    case input = "in"
    case output = "out"
}

/// Which copies are wanted; empty and `nil` stand for all.
struct TapFilter: Equatable {
    var stages: [TapStage] = []
    var direction: TapDirection?
    var queue: String?
    /// What ids begin with.
    var id: String?

    /// Beginnings of topics `<stage>.<in|out>.<queue>.<id>` that cover everything wanted: the stages write nothing else
    /// for us.
    var subscriptions: [String] {
        let isNarrow = direction != nil || queue != nil
        if stages.isEmpty && !isNarrow { return [""] }
        let stages = stages.isEmpty ? TapStage.allCases : stages
        if !isNarrow { return stages.map { "\($0.rawValue)." } }
        let directions = direction.map { [$0] } ?? TapDirection.allCases
        let rest = queue.map { "\($0).\(id ?? "")" } ?? ""
        return stages.flatMap { stage in directions.map { "\(stage.rawValue).\($0.rawValue).\(rest)" } }
    }

    /// Whether the topic alone does not say if a copy is wanted: dots in names of queues and ids make it ambiguous.
    var needsDocument: Bool { queue != nil || id != nil }

    func wants(_ record: TapRecord) -> Bool {
        if let queue, record.text("queue") != queue { return false }
        if let id, !record.text("id").utf8.starts(with: id.utf8) { return false }
        return true
    }
}
