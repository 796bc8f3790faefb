import Foundation
import Messages
import Queue
import SQLite
import Testing

@testable import Apctl
@testable import SQLiteSink
@testable import SQLiteSource

/// What browsers are answered, with dead letters in a file of SQLite.
struct UIDeskTests {
    private static let origin = "http://localhost:9095"

    private func desk(allowsChanges: Bool = true, letters: LetterDesk = LetterDesk(places: [])) -> UIDesk {
        UIDesk(
            rules: AccessRules(allowsChanges: allowsChanges, token: "t"), live: LiveScene(), letters: letters,
            stages: [],
            timeout: .seconds(1))
    }

    private func get(_ path: String, _ query: String = "", of desk: UIDesk) async throws -> (Int, [String: Any]) {
        let request = UIRequest(method: "GET", path: path, query: query, headers: ["host": "localhost:9095"])
        return try read(await answer(to: request, of: desk))
    }

    private func post(_ path: String, _ body: String, to desk: UIDesk) async throws -> (Int, [String: Any]) {
        let headers = [
            "host": "localhost:9095", "origin": Self.origin, "content-type": "application/json", "x-token": "t",
        ]
        let request = UIRequest(method: "POST", path: path, headers: headers, body: Array(body.utf8))
        return try read(await answer(to: request, of: desk))
    }

    private func answer(to request: UIRequest, of desk: UIDesk) async -> UIAnswer {
        switch desk.reply(to: request) {
        case .now(let answer): answer
        case .later(let work): await work()
        }
    }

    private func read(_ answer: UIAnswer) throws -> (Int, [String: Any]) {
        let object = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any]
        return (answer.status, try #require(object))
    }

    /// A file with a letter that can go back and one that is no request at all.
    private func withLetters(_ body: (LetterDesk, QueueDatabase) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "ui-\(UInt32.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "q.db").path
        try bury(
            [
                ("good", request("good")),
                ("<b>bad</b>", Array("<img src=x onerror=alert(1)>".utf8) + [0xFF, 0x00]),
            ], in: path)
        let place = LetterDesk.Place(name: "requests", place: .sqlite(path: path, queue: "requests"))
        try await body(LetterDesk(places: [place]), try QueueDatabase(path: path, create: false))
    }

    @Test
    func knowsNothingElse() async throws {
        for path in ["/x", "/api", "/api/dead-letters/requeue"] {
            #expect(try await get(path, of: desk()).0 == 404)
        }
        #expect(try await get("/api/where", of: desk()).0 == 400)
        #expect(try await get("/api/scene", of: desk()).0 == 503)
        #expect(try await post("/", "", to: desk()).0 == 404)
    }

    @Test
    func tellsThePageWhatItMayDoAndWhy() async throws {
        let (_, settings) = try await get(
            "/api/settings", of: desk(allowsChanges: false, letters: LetterDesk(places: [], note: "look there")))
        #expect(settings["allowsChanges"] as? Bool == false)
        #expect(settings["queues"] as? [String] == [])
        #expect(settings["note"] as? String == "look there")
    }

    /// While a queue hangs, all answers that may come are awaited; what needs none of them is still told.
    @Test(arguments: ["/", "/api/settings", "/api/scene"])
    func asksNoQueueForWhatIsThere(path: String) {
        let request = UIRequest(method: "GET", path: path, headers: ["host": "localhost"])
        guard case .now = desk().reply(to: request) else {
            Issue.record("it is there already")
            return
        }
    }

    @Test
    func listsAndShowsLettersAsTexts() async throws {
        try await withLetters { letters, _ in
            let (status, list) = try await get("/api/dead-letters", "queue=requests", of: desk(letters: letters))
            #expect(status == 200)
            let rows = try #require(list["letters"] as? [[String]])
            #expect(rows.map { $0[0] } == ["1", "2"])
            #expect(rows.map { $0[2] } == ["good", "<b>bad</b>"])
            #expect((list["summary"] as? String)?.hasPrefix("2 in ") == true)
            let (_, letter) = try await get("/api/dead-letters", "queue=requests&number=2", of: desk(letters: letters))
            #expect(letter["body"] as? String == "<img src=x onerror=alert(1)>\\xFF\\u{0000}")
            let facts = try #require(letter["facts"] as? [[String: String]])
            #expect(facts.contains(["name": "body", "value": "30 bytes, not UTF-8"]))
            #expect(facts.contains(["name": "reason", "value": "lost"]))
            #expect(try await get("/api/dead-letters", "queue=requests&number=9", of: desk(letters: letters)).0 == 404)
            #expect(try await get("/api/dead-letters", "queue=others", of: desk(letters: letters)).0 == 404)
        }
    }

    @Test
    func requeuesAndDeletesWhatItIsToldTo() async throws {
        try await withLetters { letters, database in
            let desk = desk(letters: letters)
            let path = "/api/dead-letters"
            let (status, done) = try await post("\(path)/requeue", #"{"queue":"requests","number":"1"}"#, to: desk)
            #expect(status == 200)
            #expect(done["messages"] as? [String] == ["requeued 1 good"])
            let kept = try await post("\(path)/requeue", #"{"queue":"requests","number":"2"}"#, to: desk)
            #expect(kept.0 == 200)
            #expect(kept.1["isDone"] as? Bool == false)
            #expect((kept.1["messages"] as? [String])?.first?.contains("it will be a dead letter again") == true)
            let gone = try await post("\(path)/delete", #"{"queue":"requests","number":"2"}"#, to: desk)
            #expect(gone.0 == 200)
            #expect(try database.deadLetterCount(queue: "requests") == 0)
            #expect(try await post("\(path)/delete", "[]", to: desk).0 == 400)
        }
    }

    @Test
    func changesNothingWhenItOnlyShows() async throws {
        try await withLetters { letters, database in
            let desk = desk(allowsChanges: false, letters: letters)
            for name in ["requeue", "delete"] {
                let answer = try await post(
                    "/api/dead-letters/\(name)", #"{"queue":"requests","number":"1"}"#, to: desk)
                #expect(answer.0 == 403)
            }
            #expect(try database.deadLetterCount(queue: "requests") == 2)
        }
    }

    @Test
    func saysWhyLettersCannotBeRead() async throws {
        let place = LetterDesk.Place(name: "requests", place: .sqlite(path: "/nowhere/q.db", queue: "requests"))
        let (status, answer) = try await get("/api/dead-letters", of: desk(letters: LetterDesk(places: [place])))
        #expect(status == 503)
        #expect((answer["error"] as? String)?.contains("/nowhere/q.db") == true)
    }
}

/// Makes dead letters as emit does.
private func bury(_ letters: [(id: String, body: [UInt8])], in path: String) throws {
    let database = try QueueDatabase(path: path)
    _ = try database.submit(letters.map { $0.body[...] }, queue: "requests")
    let leased = try database.lease(queue: "requests", limit: letters.count, milliseconds: 60_000, takeOver: false)
    _ = try database.settle(
        zip(leased, letters).map { delivery, letter in
            Settlement(
                receipt: delivery.receipt, queue: "requests", destination: "", id: letter.id,
                action: .deadLetter(reason: "lost", result: Array("{}".utf8)[...]))
        })
}
