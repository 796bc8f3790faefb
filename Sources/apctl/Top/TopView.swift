/// What somebody at the screen has chosen.
struct TopView: Equatable {
    /// Which processes stand first.
    enum Order: String, CaseIterable {
        case way = "the way of a request"
        case trouble
        case rate
        case held
        case age

        var next: Order {
            let all = Self.allCases
            return all[((all.firstIndex(of: self) ?? 0) + 1) % all.count]
        }

        func sorted(_ processes: [TopScene.Process]) -> [TopScene.Process] {
            let ranked = processes.enumerated().sorted { left, right in
                let (first, second) = (rank(left.element), rank(right.element))
                return first == second ? left.offset < right.offset : first > second
            }
            return ranked.map(\.element)
        }

        /// The larger, the further in front.
        private func rank(_ process: TopScene.Process) -> Double {
            switch self {
            case .way: 0
            case .trouble: process.condition.severity
            case .rate: process.perSecond ?? -1
            case .held: process.held ?? -1
            case .age: process.oldest ?? -1
            }
        }
    }

    var order = Order.way
    /// The process that is marked; `nil`: the first one.
    var chosen: ProcessID?
    /// Only the marked process is shown, with all that it says.
    var isInside = false
    /// What is shown stays as it is.
    var isPaused = false
    /// Lines that have gone out of the screen at its top.
    var scrolled = 0
    var isOver = false

    /// - Parameters:
    ///   - scene: What is shown.
    ///   - furthest: Lines that may go out of the screen.
    mutating func take(_ key: Key, in scene: TopScene, furthest: Int) {
        switch key {
        case .character("q"), .character("Q"): isOver = true
        case .character("p"), .character(" "): isPaused.toggle()
        case .character("s"): order = order.next
        case .enter: (isInside, scrolled) = (true, 0)
        case .escape, .backspace: (isInside, scrolled) = (false, 0)
        case .up, .character("k"): move(-1, in: scene, furthest)
        case .down, .character("j"): move(1, in: scene, furthest)
        case .pageUp: move(-10, in: scene, furthest)
        case .pageDown: move(10, in: scene, furthest)
        case .character: break
        }
    }

    /// Which row is marked; `nil` when there is none.
    func marked(_ processes: [TopScene.Process]) -> Int? {
        processes.isEmpty ? nil : processes.firstIndex { $0.id == chosen } ?? 0
    }

    private mutating func move(_ rows: Int, in scene: TopScene, _ furthest: Int) {
        if isInside {
            scrolled = max(0, min(furthest, scrolled + rows))
            return
        }
        let processes = order.sorted(scene.processes)
        guard let row = marked(processes) else { return }
        chosen = processes[max(0, min(processes.count - 1, row + rows))].id
    }
}
