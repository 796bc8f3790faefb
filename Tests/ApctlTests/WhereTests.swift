import Testing

@testable import Apctl

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
}
