import Dispatch
import Messages
import Settings

/// Answers what browsers ask.
struct UIDesk: Sendable {
    let rules: AccessRules
    let page: UIAnswer
    let live: LiveScene
    let letters: LetterDesk
    /// Whom to ask where a request is.
    let stages: [(stage: StageName, address: HTTPAddress)]
    /// For each of their answers.
    let timeout: Duration
    /// For what blocks: one after the other, however often somebody presses a button.
    private let worker = DispatchQueue(label: "apctl ui")

    /// What does not change while it runs.
    private struct Facts: Encodable {
        var allowsChanges: Bool
        /// Those whose dead letters can be looked at.
        var queues: [String]
        /// Why there are none.
        var note: String?
    }

    init(
        rules: AccessRules, live: LiveScene, letters: LetterDesk, stages: [(stage: StageName, address: HTTPAddress)],
        timeout: Duration
    ) {
        self.rules = rules
        self.live = live
        self.letters = letters
        self.stages = stages
        self.timeout = timeout
        page = UIPage.answer(token: rules.token)
    }

    /// Only what blocks comes later: while a queue hangs, the pipeline is shown all the same.
    func reply(to request: UIRequest) -> UIReply {
        if let refusal = rules.refusal(of: request) { return .now(refusal) }
        switch (request.method, request.path) {
        case ("GET", "/"): return .now(page)
        case ("GET", "/api/settings"):
            return .now(
                .json(
                    Facts(allowsChanges: rules.allowsChanges, queues: letters.places.map(\.name), note: letters.note)))
        case ("GET", "/api/scene"):
            let after = request.parameter("after").flatMap(Int.init) ?? 0
            let scene = live.document(after: after, of: request.parameter("run"))
            return .now(scene.map { UIAnswer.json($0) } ?? .error(503, "the stages have not been asked yet"))
        case ("GET", "/api/where"):
            guard let id = request.parameter("id"), !id.isEmpty, id.utf8.count <= RequestLimits.maxName else {
                return .now(.error(400, "expected /api/where?id=ID, percent-encoded"))
            }
            return aside { search(id) }
        case ("GET", "/api/dead-letters"):
            if let number = request.parameter("number") {
                return aside { letters.show(request.parameter("queue"), number: number) }
            }
            return aside { letters.list(request.parameter("queue")) }
        case ("POST", "/api/dead-letters/requeue"): return aside { letters.requeue(request.body) }
        case ("POST", "/api/dead-letters/delete"): return aside { letters.delete(request.body) }
        default: return .now(.error(404, "there is nothing at \(request.method) \(request.path)"))
        }
    }

    /// What `apctl where` finds, in all queues.
    private func search(_ id: String) -> UIAnswer {
        let asked = stages.flatMap { stage, address in
            address.onEachMachine.map { WhereCommand.ask(stage, at: $0, id: id, timeout: timeout) }
        }
        return .json(SearchDocument(asked + letters.places.flatMap { $0.place.search(id) }, id: id))
    }

    private func aside(_ work: @escaping @Sendable () -> UIAnswer) -> UIReply {
        .later { await withCheckedContinuation { done in worker.async { done.resume(returning: work()) } } }
    }
}
