import Settings
import Testing

@testable import Apctl

/// What is written of it.
struct TopScreenTests {
    private func text(_ scene: TopScene, width: Int, rows: Int? = nil, view: TopView? = nil) -> String {
        TopScreen(width: width, rows: rows, view: view).lines(scene).map(\.text).joined(separator: "\n")
    }

    /// As it is printed where nobody can press keys.
    @Test
    func aNarrowBlock() throws {
        let shown = text(try Night.scene(), width: 60)
        #expect(
            shown == """
                2026-11-30T12:04:05Z  4 of 5 processes are ready

                queue ────▶ ingest ───▶ dispatch 1/2 ▶ emit ─────▶ settled
                       44/s        41/s           39/s        41/s
                12,300 wait 12 leased   4 to start     3 to settle
                30 parked   0 on link   64 at gateway  ▲
                                        0 held back    │ 2.0/s
                                        1 answered     │
                                        └───── 2.0/s ▶ retry, 2 held

                dispatch 10.0.0.6:9092: no answer: connect: Connection
                    refused
                queue batch: 120 of those that wait will miss their
                    deadlines if it goes on like this; 80 slots would make
                    all in time, there are 64
                ingest: no peer has room

                  stage    address            state      per s   held oldest
                  ingest   127.0.0.1:9091     ready         41     12  0.4 s
                  dispatch 10.0.0.5:9092      ready         41     69  0.2 s
                  dispatch 10.0.0.6:9092      no answer      –      –      –
                  retry    127.0.0.1:9093     ready        2.0      2      –
                  emit     127.0.0.1:9094     ready         41      3      –

                queue                  wait  parked ended/s  done in at risk
                batch                12,300      30      39     5:00     120

                gateway                    state         per s again 95 % in
                http://gpu:8000            reachable        41   5 %  250 ms

                changes
                12:04:05Z dispatch 10.0.0.6:9092 does not answer: connect:
                    Connection refused
                """)
    }

    /// On a screen of the usual size, with the second process marked.
    @Test
    func aScreen() throws {
        var view = TopView()
        view.take(.down, in: try Night.scene(), furthest: 0)
        let shown = text(try Night.scene(), width: 80, rows: 24, view: view)
        #expect(
            shown == """
                2026-11-30T12:04:05Z  4 of 5 processes are ready
                queue ────────▶ ingest ───────▶ dispatch 1/2 ─────▶ emit ─────────▶ settled
                           44/s            41/s                39/s            41/s
                12,300 wait     12 leased       4 to start          3 to settle
                30 parked       0 on link       64 at gateway       ▲
                                                0 held back         │ 2.0/s
                                                1 answered          │
                                                └────────── 2.0/s ▶ retry, 2 held
                dispatch 10.0.0.6:9092: no answer: connect: Connection refused
                queue batch: 120 of those that wait will miss their deadlines if it goes on like
                    this; 80 slots would make all in time, there are 64
                ingest: no peer has room
                  stage     address                    state       per s    held  oldest    room
                  ingest    127.0.0.1:9091             ready          41      12   0.4 s       0
                ▶ dispatch  10.0.0.5:9092              ready          41      69   0.2 s   4,608
                  dispatch  10.0.0.6:9092              no answer       –       –       –       –
                  retry     127.0.0.1:9093             ready         2.0       2       –     512
                  emit      127.0.0.1:9094             ready          41       3       –     768
                queue                  wait   parked  ended/s   done in  at risk           slots
                batch                12,300       30       39      5:00      120        80 of 64
                gateway                            state          per s  again     mean  95 % in
                http://gpu:8000                    reachable         41    5 %   212 ms   250 ms
                … 2 more lines
                q quit  p pause  s sort  ↑ ↓ choose  Enter look inside
                """)
    }

    @Test
    func aWideScreen() throws {
        let shown = text(try Night.scene(), width: 160, rows: 60, view: TopView(order: .trouble, isPaused: true))
        #expect(
            shown == """
                2026-11-30T12:04:05Z  4 of 5 processes are ready  PAUSED  by trouble

                queue ────────────────▶ ingest ───────────────▶ dispatch 1/2 ───────────────▶ emit ─────────────────▶ settled
                                   44/s                    41/s                          39/s                    41/s
                12,300 wait             12 leased               4 to start                    3 to settle
                30 parked               0 on link               64 at gateway                 ▲
                                                                0 held back                   │ 2.0/s
                                                                1 answered                    │
                                                                └──────────────────── 2.0/s ▶ retry, 2 held

                dispatch 10.0.0.6:9092: no answer: connect: Connection refused
                queue batch: 120 of those that wait will miss their deadlines if it goes on like this; 80 slots would make all in time, there are 64
                ingest: no peer has room

                  stage     address                                                   state       per s    held  oldest    room  again/s   core    memory   running
                ▶ dispatch  10.0.0.6:9092                                             no answer       –       –       –       –        –      –         –         –
                  ingest    127.0.0.1:9091                                            ready          41      12   0.4 s       0        0   12 %    58 MiB      3:22
                  dispatch  10.0.0.5:9092                                             ready          41      69   0.2 s   4,608        –      –         –      5:02
                  retry     127.0.0.1:9093                                            ready         2.0       2       –     512        –      –         –      3:20
                  emit      127.0.0.1:9094                                            ready          41       3       –     768        –      –         –      3:20

                queue                                                        wait   parked  in stages  ended/s   done in  at risk           slots
                batch                                                      12,300       30         86       39      5:00      120        80 of 64

                gateway                                                   queue                 state           wait   per s  again     mean  95 % in
                http://gpu:8000                                           batch                 reachable          0      41    5 %   212 ms   250 ms

                changes
                12:04:05Z dispatch 10.0.0.6:9092 does not answer: connect: Connection refused
                q quit  p pause  s sort  ↑ ↓ choose  Enter look inside
                """)
    }

    @Test
    func looksIntoAProcess() throws {
        let view = TopView(chosen: ProcessID(stage: .ingest, address: "127.0.0.1:9091"), isInside: true)
        let shown = text(try Night.scene(), width: 80, rows: 24, view: view)
        #expect(
            shown == """
                2026-11-30T12:04:05Z  4 of 5 processes are ready

                ingest 127.0.0.1:9091: ready

                41/s passed on, 0/s sent again, 12 held, room for 0, oldest 0.4 s, 12 % of a
                    core, 58 MiB of memory.
                ingest 0.1.0 at http://127.0.0.1:9091: ready, running for 3:22
                Nothing moves: no peer has room.
                The queue batch: 12300 wait, 30 wait for a retry.
                Link ingest-dispatch, tcp://10.0.0.5:5557: alive, room for 0, 69 open, the
                    oldest for 0 s.
                q quit  p pause  ↑ ↓ scroll  Esc back
                """)
    }

    /// Whatever size a terminal has.
    @Test(arguments: [(1, 1), (10, 3), (60, 10), (60, 24), (80, 24), (100, 30), (132, 43), (200, 60)])
    func fitsIt(columns: Int, rows: Int) throws {
        let scene = try Night.scene()
        for view in [TopView(), TopView(isInside: true), TopView(order: .held, isPaused: true, scrolled: 100)] {
            let lines = TopScreen(width: columns, rows: rows, view: view).lines(scene)
            #expect(lines.count <= max(2, rows))
            #expect(lines.allSatisfy { $0.text.columns <= columns })
        }
    }

    /// Names, addresses and reasons come from others.
    @Test
    func repeatsNothingThatMovesTheCursor() throws {
        let odd = #"\u001b[2J\nx\u0007\u202e"#
        let fields = """
            "reasons":["\(odd)"],"queues":[{"queue":"q\(odd)","waiting":3}],
            "peers":[{"link":"\(odd)","address":"\(odd)","state":"\(odd)"}],
            "gateways":[{"origin":"\(odd)","queue":"\(odd)","state":"\(odd)"}],"counts":{"\(odd)":3},
            "gates":[{"of":"\(odd)","gate":"\(odd)","condition":"shut","reason":"\(odd)"}]
            """
        let page = "async_processor_held_requests{queue=\"\u{1B}[2J\\n\",place=\"slot\"} 3\n"
        var history = TopHistory()
        _ = history.take(Round([try reading(.dispatch, at: "d:1", time: 0)], time: 0))
        let one = try reading(
            .dispatch, at: "d:1", time: 1, status: fields, page: page, readiness: #"{"error":"\#(odd)"}"#, code: 503)
        let scene = history.take(Round([one], time: 1))
        for view in [nil, TopView(), TopView(isInside: true)] {
            let lines = TopScreen(width: 100, rows: nil, view: view).lines(scene)
            let scalars = lines.flatMap { Array($0.text.unicodeScalars) }
            #expect(scalars.allSatisfy { ![.control, .format].contains($0.properties.generalCategory) })
            #expect(lines.contains { $0.text.contains("[2J x") })
        }
    }

    /// What is severe is red, and its words say so without.
    @Test
    func coloursOnlyWhatSomebodyHasToLookAt() throws {
        let lines = TopScreen(width: 100, rows: nil, view: nil).lines(try Night.scene())
        let severe = lines.filter { $0.style == .severe }.map(\.text)
        #expect(severe.count == 4)
        #expect(severe.allSatisfy { $0.contains("no answer") || $0.contains("deadlines") || $0.contains("in time") })
        #expect(TopScreen.Line(text: "a", style: .severe).coloured == "\u{1B}[31ma\u{1B}[0m")
        #expect(TopScreen.Line(text: "a", style: .title).coloured == "\u{1B}[1ma\u{1B}[0m")
        #expect(TopScreen.Line(text: "a").coloured == "a")
    }

    /// Of very many processes those around the marked one are shown.
    @Test
    func showsTheProcessesAroundTheMarkedOne() throws {
        let readings = try (100..<200).map { try reading(.dispatch, at: "10.0.0.\($0):9092", time: 0) }
        var history = TopHistory()
        let scene = history.take(Round(readings, time: 0))
        var view = TopView()
        for _ in 0..<50 { view.take(.down, in: scene, furthest: 0) }
        let shown = text(scene, width: 80, rows: 40, view: view)
        #expect(shown.contains("▶ dispatch  10.0.0.150:9092"))
        #expect(!shown.contains("10.0.0.100:9092") && !shown.contains("10.0.0.199:9092"))
        #expect(shown.contains("… 85 more"))
        #expect(shown.contains("dispatch ×100"))
    }
}

/// The picture alone.
struct FlowPictureTests {
    @Test
    func saysWhatNobodyTellsToo() {
        var flow = TopScene.Flow()
        for stage in StageName.allCases { flow.processes[stage] = .init(answering: 1, all: 1) }
        flow.processes[.ingest] = .init(answering: 3, all: 3)
        #expect(
            FlowPicture(flow: flow, width: 60).lines.prefix(4).joined(separator: "\n") == """
                queue ────▶ ingest ×3 ▶ dispatch ────▶ emit ─────▶ settled
                        –/s         –/s            –/s         –/s
                – wait      – leased    – to start     – to settle
                – parked    – on link   – at gateway   ▲
                """)
    }

    @Test(arguments: [60, 61, 79, 80, 100, 120, 200])
    func fitsTheScreen(width: Int) throws {
        let lines = FlowPicture(flow: try Night.scene().flow, width: width).lines
        #expect(lines.allSatisfy { $0.columns <= width })
        #expect(lines.allSatisfy { !$0.contains("…") })
        let arrow = try #require(lines[0].firstIndex(of: "▶"))
        let ingest = lines[0].distance(from: lines[0].startIndex, to: arrow) + 2
        #expect(lines[2].dropFirst(ingest).hasPrefix("12 leased"), "it stands below its stage")
    }
}
