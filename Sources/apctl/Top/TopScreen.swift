/// A screen of what there is to see.
struct TopScreen {
    struct Line: Equatable {
        enum Style {
            case plain
            /// Of a part of the screen.
            case title
            /// Of what somebody has to look at, which its words say, too.
            case severe
        }

        var text: String
        var style = Style.plain

        /// With the codes of ECMA-48 8.3.117 (SGR) for bold and red.
        var coloured: String {
            switch style {
            case .plain: text
            case .title: "\u{1B}[1m\(text)\u{1B}[0m"
            case .severe: "\u{1B}[31m\(text)\u{1B}[0m"
            }
        }
    }

    var width: Int
    /// `nil`: as many lines as there is to say.
    var rows: Int?
    /// `nil`: nobody is there to press keys.
    var view: TopView?

    /// At most `rows`, the last of them for the keys if somebody is there to press some.
    func lines(_ scene: TopScene) -> [Line] {
        guard let view else { return body(scene).map(cut) }
        let rows = max(2, rows ?? .max)
        var lines = view.isInside ? inside(scene, view) : body(scene)
        if view.isInside {
            lines = [lines[0]] + lines.dropFirst(1 + min(view.scrolled, furthestScroll(scene)))
        } else if lines.count > rows - 1 {
            // What there is to say needs the room more than the space between its parts.
            lines.removeAll(where: \.text.isEmpty)
        }
        let left = lines.count - (rows - 1)
        if left > 0 { lines = lines.prefix(rows - 2) + [Line(text: "… \(left + 1) more lines")] }
        return (lines + [keys(view)]).map(cut)
    }

    /// How many lines can go out of the screen at its top.
    func furthestScroll(_ scene: TopScene) -> Int {
        guard let view, view.isInside, let rows else { return 0 }
        return max(0, inside(scene, view).count - (rows - 1))
    }

    private func cut(_ line: Line) -> Line { Line(text: line.text.cut(width), style: line.style) }

    private func keys(_ view: TopView) -> Line {
        Line(
            text: view.isInside
                ? "q quit  p pause  ↑ ↓ scroll  Esc back"
                : "q quit  p pause  s sort  ↑ ↓ choose  Enter look inside")
    }
}
