import Foundation
import Testing

@testable import Apctl

struct SceneDocumentTests {
    @Test
    func saysWhatTopSays() throws {
        let document = SceneDocument(try Night.scene())
        #expect(document.summary == "4 of 5 processes are ready")
        #expect(!document.isWell)
        #expect(document.stages["dispatch"] == SceneDocument.Stage(text: "1 of 2 answers", isSevere: true))
        #expect(document.stages["ingest"] == SceneDocument.Stage(text: "1 process", isSevere: false))
        #expect(document.held["queue"] == "12,300")
        #expect(document.held["gateway"] == "64")
        #expect(document.rates["requests"] == "41/s")
        #expect(document.rates["failures"] == "2.0/s")
        let queue = try #require(document.queues.first)
        #expect(queue.isSevere)
        #expect(queue.cells == ["batch", "12,300", "39", "5:00", "120", "80 of 64", "30", "86"])
        let gateway = try #require(document.gateways.first)
        #expect(gateway.cells.prefix(3) == ["http://gpu:8000", "batch", "reachable"])
        #expect(!gateway.isSevere)
        #expect(document.troubles.first { $0.isSevere }?.text.contains("10.0.0.6:9092: no answer") == true)
        #expect(document.changes.first?.text.contains("dispatch 10.0.0.6:9092 does not answer") == true)
        let lost = try #require(document.processes.first { $0.cells[1] == "10.0.0.6:9092" })
        #expect(lost.isSevere && lost.cells[2] == "no answer")
        #expect(lost.words?.isEmpty == false)
    }

    /// All are ready, and yet somebody has to look.
    @Test
    func saysThatNotAllIsWell() throws {
        var scene = try Night.scene()
        scene.processes.removeAll { $0.condition != .ready }
        let document = SceneDocument(scene)
        #expect(document.summary == "all 4 processes are ready, but not all is well")
        #expect(!document.isWell)
        scene.troubles = [TopScene.Trouble(text: "no peer has room", isSevere: false)]
        #expect(SceneDocument(scene).summary == "all 4 processes are ready")
        #expect(SceneDocument(scene).isWell)
    }

    /// Numbers of others may be anything, and JSON has no word for some of them.
    @Test
    func canBeWrittenWhateverStagesSay() throws {
        var scene = try Night.scene()
        scene.queues[0].eta = .infinity
        scene.queues[0].perSecond = .nan
        scene.queues[0].waiting = -.infinity
        scene.queues[0].name = "<script>\u{202E}\u{0}"
        var hour = HourOfPoints()
        for second in 0..<12 { hour.take(scene, at: Double(second), wallClock: Int64(second)) }
        var document = SceneDocument(scene)
        document.points = hour.points
        #expect(document.queues[0].cells[3] == "never")
        #expect(document.points.count == 2)
        let answer = UIAnswer.json(document)
        #expect(answer.status == 200)
        let object = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any]
        #expect(object?["summary"] as? String == document.summary)
    }

    @Test
    func pointsGoToWhoHasNotSeenThem() throws {
        let live = LiveScene()
        #expect(live.document(after: 0, of: nil) == nil)
        for second in 0..<20 { live.take(try Night.round(time: Double(second), secondDispatch: true)) }
        let first = try #require(live.document(after: 0, of: nil))
        #expect(first.points.map(\.number) == [1, 2, 3])
        #expect(live.document(after: 2, of: first.run)?.points.map(\.number) == [3])
        #expect(live.document(after: 3, of: first.run)?.points.isEmpty == true)
        #expect(live.document(after: 3, of: "of another run")?.points.count == 3)
    }
}
