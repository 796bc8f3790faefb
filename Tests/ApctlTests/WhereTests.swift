import Messages
import Queue
import SQLite
import Testing

@testable import Apctl
@testable import SQLiteSink
@testable import SQLiteSource

/// What `apctl where` makes of the answers.
struct WhereTests {
    @Test
    func tellsAllPlacesAndWhoCouldNotBeAsked() {
        let body = """
            {"id": "a", "held": [{"queue": "q", "token": "t", "place": "waits for a slot in dispatch", "for_seconds": 75.2,
             "reason": "the pool is full", "leased_at": "x", "deadline": "2026-09-21T14:14:20Z", "failed_attempts": 1,
             "url": "http://gpu"}]}
            """
        let witnesses = [
            Witness.reading(#"{"id": "a", "held": []}"#, of: "ingest at http://i"),
            Witness.reading(body, of: "dispatch at http://d"),
            Witness.reading(#"{"error": "only /healthz is here"}"#, of: "retry at http://r"),
            Witness.reading("<html>", of: "emit at http://e"),
        ]
        #expect(
            Witness.text(witnesses, id: "a") == """
                dispatch at http://d: waits for a slot in dispatch for 1:15
                    the pool is full
                    queue q, request token t, 1 attempt has failed, deadline 2026-09-21T14:14:20Z, to http://gpu
                Not known: retry at http://r: only /healthz is here
                Not known: emit at http://e: what answers there is no stage that knows /where

                """)
        #expect(Witness.text([witnesses[0]], id: "a\nb").hasPrefix("Nobody who was asked has the request a"))
    }

    @Test
    func saysWhoDoesNotTellOfAll() {
        let held = #"{"queue": "q", "place": "leased by ingest"}"#
        let body = "{\"id\": \"a\", \"held\": [\(held), \(held)], \"left_out\": 1400}"
        let text = Witness.text([Witness.reading(body, of: "ingest at http://i")], id: "a")
        #expect(text.hasSuffix("\ningest at http://i: 1400 more with this id; it tells of 2 at most\n"))
        #expect(Witness.reading(#"{"id": "a", "held": []}"#, of: "retry").more == nil)
    }

    /// As a stage does, which has milliseconds and the wire's limit on its way.
    @Test(arguments: [
        ("1767323045", "2026-01-02T03:04:05Z"), ("23472348233323", "9999-12-31T23:59:59Z"),
        ("9223372036854775807", "9999-12-31T23:59:59Z"),
    ])
    func tellsDeadlinesAsStagesDo(deadline: String, text: String) {
        let body = Array(#"{"id": "a", "deadline": "\#(deadline)", "payload": {"model": "m"}}"#.utf8)[...]
        let place = Whereabouts(body, id: ExactText("a"), queue: "q", place: "waits")
        #expect(place?.deadline == text)
    }

    @Test(
        arguments: [
            ("P1090.5 b 1 3 0", nil, "parked", "it is tried again in 1:31", 3),
            ("P940 b 1 3 0", nil, "parked", "it is due for 1:00, and waits for room at an ingest", 3),
            (
                "Lowner b 1 0 1", 1_030_000, "leased by an ingest",
                "whoever has it renews the lease, which lasts 30 s more", 0
            ),
            (
                "Lowner b 1 2 1", 990_000, "leased by an ingest",
                "the lease is over for 10 s: the next ingest that looks takes it",
                2
            ),
            ("", nil, "on its way between the queue and a lease", nil, nil),
        ] as [(String, Double?, String, String?, Int?)])
    func readsTheStatesOfASortedSet(state: String, leaseEnd: Double?, place: String, reason: String?, attempts: Int?) {
        let whereabouts = Whereabouts(witness: "w", queue: "q", place: "").with(
            state: state, leaseEnd: leaseEnd, now: 1000)
        #expect(whereabouts.place == place)
        #expect(whereabouts.reason == reason)
        #expect(whereabouts.failedAttempts == attempts)
    }

    /// In a real file: one that waits, one that is leased, one that is parked, one with a result, one put aside.
    @Test
    func findsARequestInAnEmbeddedQueue() throws {
        try withFolder { folder in
            let path = folder.path + "/queue.db"
            let database = try QueueDatabase(path: path)
            let names = ["parked", "answered", "lost", "leased", "waits"]
            _ = try database.submit(names.map { request($0)[...] }, queue: "q")
            _ = try database.submit([request("waits")[...]], queue: "another")
            let leased = try database.lease(queue: "q", limit: 4, milliseconds: 60_000, takeOver: false)
            let actions: [Settlement.Action] = [
                .park(afterMilliseconds: 90_000, failedAttempts: 2), .result(Array(#"{"id":"answered"}"#.utf8)[...]),
                .deadLetter(reason: "poison", result: nil),
            ]
            let settlements = zip(leased, zip(names, actions)).map { delivery, what in
                Settlement(
                    receipt: delivery.receipt, queue: "q", destination: "results", id: what.0, action: what.1)
            }
            #expect(try database.settle(settlements) == [.settled, .settled, .settled])
            func find(_ id: String, in queue: String = "q") -> [Whereabouts] {
                DeadLetterPlace.sqlite(path: path, queue: queue).search(id).flatMap { (try? $0.answer.get()) ?? [] }
            }
            #expect(find("waits").map(\.place) == ["waits in the queue to be leased"])
            #expect(find("leased").map(\.place) == ["leased by an ingest"])
            #expect(find("parked").map(\.place) == ["parked"])
            #expect(find("parked").map(\.failedAttempts) == [2])
            #expect(find("parked").first?.reason?.hasPrefix("it is tried again in 1:") == true)
            #expect(find("answered").map(\.place) == ["has its result in results"])
            #expect(find("lost").map(\.reason) == ["poison"])
            #expect(find("wait").isEmpty && find("leased", in: "another").isEmpty)
            let missing = DeadLetterPlace.sqlite(path: path + ".not", queue: "q").search("waits")
            #expect(missing.allSatisfy { (try? $0.answer.get()) == nil })
        }
    }
}
