/// The gates of one pool or queue: those that judge by themselves, and how they are put together.
///
/// A value: what the single gates found is passed in.
package struct GatePlan: Sendable, Equatable {
    /// A gate that judges by itself.
    package struct Leaf: Sendable, Equatable {
        package let settings: GateSettings
        /// Such as `composite[1].gate`; empty if it stands alone.
        package let place: String
    }

    /// What one leaf says.
    package struct Finding: Sendable, Equatable {
        package var state: GateState
        /// Whether it answers for each request apart, in `answers`.
        package var isAsked: Bool
        /// While it is closed: when it is worth asking again, if that is known.
        package var after: Duration?

        package init(_ state: GateState = GateState(), isAsked: Bool = false, after: Duration? = nil) {
            self.state = state
            self.isAsked = isAsked
            self.after = after
        }
    }

    /// What a leaf that is asked for each request said of one.
    package struct Answer: Sendable, Equatable {
        package var verdict: GateVerdict
        package var classification: RequestClass?
        package var reason: GateDecision.Reason?
        package var reservation: GateReservation?
        /// The bucket that the request's answer is charged to, if it goes.
        package var charge: String?
        /// Of requests that share what this one was refused: one of them may ask again so often; `nil`: nobody knows.
        package var spacing: Duration?

        package init(
            _ verdict: GateVerdict, classification: RequestClass? = nil, reason: GateDecision.Reason? = nil,
            reservation: GateReservation? = nil, charge: String? = nil, spacing: Duration? = nil
        ) {
            self.verdict = verdict
            self.classification = classification
            self.reason = reason
            self.reservation = reservation
            self.charge = charge
            self.spacing = spacing
        }
    }

    package enum Step: Sendable, Equatable {
        /// This leaf is to be asked next.
        case ask(Int)
        case done(GateDecision)
    }

    private indirect enum Node: Sendable, Equatable {
        case leaf(Int)
        case all([Node])
        case waiting(Node)
        case tiered(Node, label: String)
    }

    package private(set) var leaves: [Leaf] = []
    private var root = Node.all([])

    package init(_ settings: GateSettings) { root = node(settings, at: "") }

    private mutating func node(_ settings: GateSettings, at place: String) -> Node {
        func inside(_ part: String) -> String {
            place.isEmpty ? "\(settings.typeName)\(part)" : "\(place).\(settings.typeName)\(part)"
        }
        switch settings {
        case .constant: return .all([])
        case .all(let gates):
            return .all(gates.enumerated().map { node($0.element, at: inside("[\($0.offset)]")) })
        case .waitOnRefuse(let gate): return .waiting(node(gate, at: inside("")))
        case .tierAdmission(let saturation, let label): return .tiered(node(saturation, at: inside("")), label: label)
        default:
            leaves.append(Leaf(settings: settings, place: place))
            return .leaf(leaves.count - 1)
        }
    }

    // MARK: - What it needs

    /// Keys of the metadata that it judges by.
    package var attributes: [String] {
        leaves.compactMap { leaf in
            if case .quota(let quota) = leaf.settings { return quota.attribute }
            return nil
        }
    }

    /// Labels that it judges by.
    package var labels: [String] { Self.labels(root) }

    private static func labels(_ node: Node) -> [String] {
        switch node {
        case .leaf: []
        case .all(let nodes): nodes.flatMap(labels)
        case .waiting(let node): labels(node)
        case .tiered(let node, let label): [label] + labels(node)
        }
    }

    /// Whether requests are judged one by one, also while nothing may start.
    package var judgesEach: Bool {
        !labels.isEmpty || leaves.contains { $0.isAsked || $0.settings.budgetRule?.use == .places }
    }

    /// Whether judging a request needs a server to be asked.
    package var needsServer: Bool { leaves.contains(where: \.isAsked) }

    // MARK: - What it says

    /// What all gates together allow.
    package func state(_ findings: [Finding]) -> GateState {
        findings.reduce(GateState()) { $0.and($1.state) }
    }

    /// What becomes of `request`, as far as it can be told with these answers.
    ///
    /// Gates are asked in order, and none after one that does not let the request go.
    /// - Parameters:
    ///   - findings: of all leaves.
    ///   - answers: of leaves that were asked, by their place.
    package func step(_ request: GateRequest, _ findings: [Finding], _ answers: [Int: Answer]) -> Step {
        var walk = Walk(request: request, findings: findings, answers: answers)
        do throws(Question) {
            let verdict = try walk.verdict(of: root)
            let isGoing = verdict == .go
            let given = isGoing ? answers.sorted { $0.key < $1.key }.map(\.value) : []
            return .done(
                GateDecision(
                    verdict, classification: walk.request.classification,
                    reason: isGoing ? nil : walk.reason(verdict),
                    reservations: given.compactMap(\.reservation),
                    charges: given.compactMap(\.charge).reduce(into: []) { if !$0.contains($1) { $0.append($1) } },
                    spacing: isGoing ? nil : walk.lastSpacing))
        } catch {
            return .ask(error.leaf)
        }
    }

    /// A leaf has to be asked first.
    private struct Question: Error { let leaf: Int }

    private struct Walk {
        var request: GateRequest
        let findings: [Finding]
        let answers: [Int: Answer]
        var lastReason: GateDecision.Reason?
        var lastSpacing: Duration?

        mutating func verdict(of node: Node) throws(Question) -> GateVerdict {
            switch node {
            case .leaf(let index): return try verdict(ofLeaf: index)
            case .all(let nodes):
                for node in nodes {
                    let verdict = try verdict(of: node)
                    if verdict != .go { return verdict }
                }
                return .go
            case .waiting(let node): return try verdict(of: node).waiting
            case .tiered(let node, let label): return try tiered(node, label)
            }
        }

        private mutating func verdict(ofLeaf index: Int) throws(Question) -> GateVerdict {
            let finding = findings[index]
            // What was answered stands, also where the answer has closed the gate for others.
            if answers[index] == nil, finding.state.isClosed {
                (lastReason, lastSpacing) = (.gateClosed, nil)
                return .refuse(why: finding.state.why, after: finding.after)
            }
            guard finding.isAsked else { return .go }
            guard let answer = answers[index] else { throw Question(leaf: index) }
            if let classification = answer.classification { request.classification = classification }
            (lastReason, lastSpacing) = (answer.reason, answer.spacing)
            return answer.verdict
        }

        /// While the pool is full: who has a quota waits, a person who is over it is told so at once, others come again.
        private mutating func tiered(_ node: Node, _ label: String) throws(Question) -> GateVerdict {
            guard case .refuse(let why, let after) = try verdict(of: node) else { return .go }
            if request.classification == .reserved { return .wait(why: why, after: after) }
            if request.classification == .overflow, request.labels[label] == "interactive" {
                return .drop(payload: #"{"error": "Too Many Requests", "code": 429}"#, why: why)
            }
            return .refuse(why: why, after: after)
        }

        func reason(_ verdict: GateVerdict) -> GateDecision.Reason {
            if case .drop = verdict { return .dropped }
            return lastReason ?? .gateClosed
        }
    }
}

extension GatePlan.Leaf {
    /// Whether a server is asked for each request.
    package var isAsked: Bool {
        switch settings {
        case .quota, .leasedRate: true
        default: false
        }
    }
}
