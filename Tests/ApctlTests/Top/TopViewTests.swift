import Settings
import Testing

@testable import Apctl

/// What keys do.
struct TopViewTests {
    private let scene: TopScene

    init() throws { scene = try Night.scene() }

    private func after(_ keys: Key..., furthest: Int = 0) -> TopView {
        var view = TopView()
        for key in keys { view.take(key, in: scene, furthest: furthest) }
        return view
    }

    @Test
    func theArrowsChooseAProcess() {
        #expect(after().marked(scene.processes) == 0)
        #expect(after(.down, .down).chosen == ProcessID(stage: .dispatch, address: "10.0.0.6:9092"))
        #expect(after(.character("j"), .character("k"), .up).marked(scene.processes) == 0)
        #expect(after(.pageDown).marked(scene.processes) == scene.processes.count - 1)
    }

    /// It stays the same process when others come first.
    @Test
    func sortsTheProcesses() {
        func stages(_ view: TopView) -> [String] { view.order.sorted(scene.processes).map { "\($0.id.stage)" } }
        var view = after(.down)
        #expect(stages(view) == ["ingest", "dispatch", "dispatch", "retry", "emit"])
        view.take(.character("s"), in: scene, furthest: 0)
        #expect(view.order == .trouble)
        #expect(view.order.sorted(scene.processes).first?.id.address == "10.0.0.6:9092")
        #expect(view.marked(view.order.sorted(scene.processes)) == 2)
        view.take(.character("s"), in: scene, furthest: 0)
        #expect(view.order == .rate && stages(view) == ["ingest", "dispatch", "emit", "retry", "dispatch"])
        view.take(.character("s"), in: scene, furthest: 0)
        #expect(view.order == .held && stages(view) == ["dispatch", "ingest", "emit", "retry", "dispatch"])
        view.take(.character("s"), in: scene, furthest: 0)
        #expect(view.order == .age && stages(view) == ["ingest", "dispatch", "retry", "emit", "dispatch"])
        view.take(.character("s"), in: scene, furthest: 0)
        #expect(view.order == .way)
    }

    @Test
    func looksInsideAndScrollsThere() {
        #expect(after(.enter).isInside)
        #expect(after(.enter, .escape) == TopView())
        #expect(after(.enter, .down, .down, .down, furthest: 2).scrolled == 2)
        #expect(after(.enter, .down, .up, .up, furthest: 2).scrolled == 0)
        #expect(after(.enter, .down, .escape, .enter, furthest: 2).scrolled == 0)
    }

    @Test
    func pausesAndEnds() {
        #expect(after(.character("p")).isPaused)
        #expect(!after(.character(" "), .character("p")).isPaused)
        #expect(after(.character("q")).isOver)
        #expect(after(.character("x")) == TopView())
    }

    /// The one that was marked has gone.
    @Test
    func marksTheFirstWhereTheMarkedOneHasGone() {
        var view = TopView()
        view.chosen = ProcessID(stage: .emit, address: "gone:1")
        #expect(view.marked(scene.processes) == 0)
        #expect(view.marked([]) == nil)
    }

    @Test(
        arguments: [
            ("q", [.character("q")]), ("\u{1B}[A\u{1B}OB", [.up, .down]), ("\u{1B}[5~\u{1B}[6~", [.pageUp, .pageDown]),
            ("\r\n", [.enter, .enter]), ("\u{7F}", [.backspace]), ("\u{1B}\u{1B}", [.escape]),
            ("\u{1B}[1;5C", []), ("\u{1B}[200~q", [.character("q")]), ("\u{1B}x", []), ("\u{03}é", []),
        ] as [(String, [Key])])
    func readsKeys(bytes: String, keys: [Key]) {
        var reader = KeyReader()
        #expect(reader.take(Array(bytes.utf8)) == keys)
    }

    /// A slow connection may split what a key sends.
    @Test
    func takesAnEscapeForAKeyOnlyWhenNothingFollows() {
        var reader = KeyReader()
        #expect(reader.take([0x1B]) == [])
        #expect(reader.take(Array("[".utf8)) == [])
        #expect(reader.take(Array("B".utf8)) == [.down])
        #expect(reader.take([0x1B]) == [])
        #expect(reader.pause() == [.escape])
        #expect(reader.pause() == [])
        #expect(reader.take(Array("A".utf8)) == [.character("A")])
    }
}
