import Testing

@testable import Apctl

struct SearchDocumentTests {
    @Test
    func saysWhatWhereSays() {
        let place = Whereabouts(
            witness: "dispatch at http://127.0.0.1:9092", queue: "batch", place: "waits for a slot in dispatch",
            reason: "the pool is full", seconds: 41, failedAttempts: 2)
        let document = SearchDocument(
            [
                Witness(name: "dispatch at http://127.0.0.1:9092", answer: .success([place])),
                Witness(name: "retry at http://127.0.0.1:9093", answer: .failure(.init(reason: "no answer: refused"))),
            ], id: "job-17")
        #expect(document.summary == "1 place has the request job-17.")
        #expect(
            document.found == [
                [
                    "dispatch at http://127.0.0.1:9092: waits for a slot in dispatch for 41 s", "the pool is full",
                    "queue batch, 2 attempts have failed",
                ]
            ])
        #expect(document.unknown == ["retry at http://127.0.0.1:9093: no answer: refused"])
    }

    @Test
    func saysHowManyThereAreOfWhichNobodyTells() throws {
        let place = Whereabouts(
            witness: "a", queue: "batch", place: "waits", reason: "", seconds: 1, failedAttempts: 0)
        let document = SearchDocument([Witness(name: "a", answer: .success([place]), leftOut: 4)], id: "x")
        #expect(document.summary == "5 places have the request x.")
        #expect(document.found.last == ["a: 4 more with this id; it tells of 1 at most"])
        let liar = Witness.reading("{\"held\": [], \"left_out\": \(Int.max)}", of: "b")
        #expect(SearchDocument([liar, liar], id: "x").summary.hasSuffix("places have the request x."))
    }

    @Test
    func saysWhetherEverybodyWasAsked() {
        let nothing = Witness(name: "a", answer: .success([]))
        let silent = Witness(name: "b", answer: .failure(.init(reason: "c")))
        #expect(
            SearchDocument([nothing], id: "x").summary
                == "Nobody has the request x: it has its result, or never was there.")
        #expect(SearchDocument([nothing, silent], id: "x").summary == "Nobody who was asked has the request x.")
    }
}
