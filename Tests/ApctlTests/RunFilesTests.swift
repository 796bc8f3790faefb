import Foundation
import Messages
import Queue
import SQLite
import Testing

@testable import Apctl
@testable import SQLiteSource

/// What becomes of lines that are not sent, of failures, and of files that change; the test does what the stages do.
struct RunFilesTests {
    @Test
    func whatCannotBeSentIsAnsweredInItsFormatAndNeverSent() throws {
        try withFolder { folder in
            let lines = [
                #"{"custom_id":"s","url":"/v1/chat/completions","body":{"stream": true}}"#, "",
                #"{"custom_id":"u","url":"http://elsewhere","body":{}}"#, #"{"id":"p","payload":{"stream":true}}"#,
                #"{"id":"fine","payload":{"stream":false}}"#,
            ]
            let paths = paths(folder, lines)
            let session = try RunSession(paths)
            #expect(try session.feed(limit: 10, deadline: 99) == 4)
            #expect(try session.collect() == 3)
            #expect(try Stages(paths).openRequests() == 1)
            #expect(try Stages(paths).settle(limit: 9) == 1)
            #expect(try session.collect() == 1)
            #expect(session.isComplete)
            let written = folder.text("out.jsonl").split(separator: "\n").map(String.init)
            let reason = "stream is true: an answer in pieces fits no line of a file; leave it out"
            try #require(written.count == 4)
            #expect(
                written[0] == #"{"id":"batch_req_1","custom_id":"s","response":null,"error":{"code":"INVALID_REQUEST","#
                    + #""message":"\#(reason)","line":1}}"#)
            #expect(written[1].contains(#""custom_id":"u""#) && written[1].contains(#""line":3"#))
            #expect(written[2].hasPrefix(#"{"id":"p","line":4,"payload":"{\"error\":\"stream"#))
            #expect(session.written.failures.text == "  3 × INVALID_REQUEST; the first: \(reason)\n")
        }
    }

    /// Nobody else writes to the queue then, and it looks unchanged.
    @Test
    func aLineThatIsRefusedLaterIsAnsweredToo() throws {
        try withFolder { folder in
            let session = try RunSession(
                paths(folder, [#"{"id":"a","payload":{}}"#, #"{"id":"b","payload":{"stream":true}}"#]))
            try session.feed(limit: 1, deadline: 99)
            try Stages(session.paths).settle(limit: 1)
            #expect(try session.collect() == 1)
            #expect(try session.collect() == 0)
            try session.feed(limit: 1, deadline: 99)
            #expect(try session.collect() == 1)
            #expect(session.isComplete)
        }
    }

    @Test
    func anInterruptionAroundARefusalLosesAndRepeatsNothing() throws {
        try withFolder { folder in
            let paths = paths(folder, (1...20).map { #"{"id":"r\#($0)","payload":{"stream":\#($0 % 2 == 0)}}"# })
            for step in 0..<60 {
                let session = try RunSession(paths)
                if session.isComplete { break }
                switch step % 3 {
                case 0: _ = try session.feed(limit: 3, deadline: 99)
                case 1: try Stages(paths).settle(limit: 2)
                default: _ = try session.collect(limit: 2)
                }
            }
            #expect(ids(folder, "out.jsonl").sorted() == (1...20).map { "r\($0)" }.sorted())
        }
    }

    @Test
    func failuresGoIntoTheirOwnFileWhenThereIsOne() throws {
        try withFolder { folder in
            let paths = paths(folder, (1...4).map { #"{"id":"r\#($0)","payload":{}}"# }, errors: "errors.jsonl")
            let session = try RunSession(paths)
            try session.feed(limit: 4, deadline: 99)
            try Stages(paths).settle(limit: 1)
            try Stages(paths).settle(
                limit: 2, result: #","payload":"{\"error\":{\"message\":\"no such model\"}}","status_code":404}"#)
            #expect(try session.collect() == 3)
            let begun = try RunRecord(input: InputSurvey(path: paths.input).identity, lines: 4, errors: paths.errors)
            #expect(try Files.read(RunRecord.self, from: paths.identity) == begun)
            #expect(ids(folder, "out.jsonl") == ["r1"])
            #expect(ids(folder, "errors.jsonl") == ["r2", "r3"])
            #expect(session.written.failures.text == "  2 × HTTP 404; the first: no such model\n")
        }
    }

    @Test
    func aRunGoesOnWithTheErrorsFileThatItBeganWith() throws {
        try withFolder { folder in
            let lines = (1...3).map { #"{"id":"r\#($0)","payload":{}}"# }
            try RunSession(paths(folder, lines, errors: "e")).feed(limit: 2, deadline: 99)
            let error = #expect(throws: RunError.self) { try RunSession(paths(folder, lines)) }
            #expect(error?.description.contains("began with --errors \(folder.path)/e") == true)
            let session = try RunSession(paths(folder, lines, errors: "e"))
            try Stages(session.paths).settle(limit: 1, result: #","payload":"","status_code":500}"#)
            #expect(try session.collect() == 1)
            #expect(ids(folder, "e") == ["r1"])
        }
    }

    @Test
    func onlyFailedLinesAreSentAgainAndTakeThePlaceOfTheirFailures() throws {
        try withFolder { folder in
            let lines =
                ["", "nonsense"] + (1...5).map { #"{"id":"r\#($0)","payload":{"n":\#($0)}}"# } + [
                    #"{"id":"r1","payload":{}}"#
                ]
            let paths = paths(folder, lines)
            try complete(RunSession(paths), failing: ["r2", "r4"])
            let before = ids(folder, "out.jsonl")
            #expect(before.count == 7)
            let session = try RunSession(paths, onlyFailed: true)
            #expect(session.total == 3)
            #expect(session.note?.hasPrefix("3 of 7 lines") == true)
            #expect(ids(folder, "out.jsonl") == ["r1", "r3", "r5", "r1"])
            #expect(try session.feed(limit: 9, deadline: 99) == 3)
            let sent = try Stages(paths).lease(limit: 9).map { String(decoding: $0.bytes, as: UTF8.self) }
            #expect(
                sent == [
                    "nonsense", #"{"deadline":99,"id":"r2","payload":{"n":2}}"#,
                    #"{"deadline":99,"id":"r4","payload":{"n":4}}"#,
                ])
        }
    }

    /// Dropped after every step: no good result is lost, none is asked for twice, and line numbers stay.
    @Test
    func aRepetitionThatIsInterruptedGoesOn() throws {
        try withFolder { folder in
            let paths = paths(
                folder, (1...30).map { #"{"id":"r\#($0)","payload":{}}"# } + ["nonsense"], errors: "errors.jsonl")
            let failing = (1...30).filter { $0 % 3 == 0 }.map { "r\($0)" }
            try complete(RunSession(paths), failing: Set(failing))
            #expect(ids(folder, "errors.jsonl").count == 11)
            for step in 0..<60 {
                let session = try RunSession(paths, onlyFailed: true)
                #expect(session.total == 11)
                if session.isComplete {
                    try session.removeState()
                    break
                }
                switch step % 3 {
                case 0: _ = try session.feed(limit: 4, deadline: 99)
                case 1: try Stages(paths).settle(limit: 3)
                default: _ = try session.collect(limit: 2)
                }
            }
            #expect(ids(folder, "out.jsonl").sorted() == (1...30).map { "r\($0)" }.sorted())
            #expect(folder.text("errors.jsonl").hasPrefix(#"{"id":"","line":31,"#))
            #expect(folder.text("errors.jsonl").split(separator: "\n").count == 1)
            let rest = try RunSession(paths, onlyFailed: true)
            #expect(rest.total == 1)
        }
    }

    @Test
    func nothingCanBeRepeatedWithoutResults() throws {
        try withFolder { folder in
            let error = #expect(throws: RunError.self) { try RunSession(paths(folder, ["{}"]), onlyFailed: true) }
            #expect(error?.description.contains("whose failed requests could be sent again") == true)
            #expect(error?.exitCode == 64)
        }
    }

    @Test
    func anInputThatWasEditedAnywhereIsRefused() throws {
        try withFolder { folder in
            let long = String(repeating: "x", count: 2 << 20)
            func lines(_ end: String) -> [String] {
                [#"{"id":"a","payload":{"x":"\#(long)"}}"#, #"{"id":"\#(end)","payload":{}}"#]
            }
            try RunSession(paths(folder, lines("b"))).feed(limit: 1, deadline: 99)
            let error = #expect(throws: RunError.self) { try RunSession(paths(folder, lines("c"))) }
            #expect(error?.description.contains("has changed since this run began") == true)
            #expect(throws: Never.self) { try RunSession(paths(folder, lines("b"))) }
        }
    }

    /// A good result would be taken for the input, or the input for results.
    @Test
    func oneFileCannotBeTwo() throws {
        try withFolder { folder in
            let path = folder.file("in.jsonl", "{}\n")
            try FileManager.default.createSymbolicLink(atPath: folder.path + "/link", withDestinationPath: path)
            let others = [
                (folder.path + "/link", nil), (folder.path + "/out", folder.path + "/out"),
                (folder.path + "/out", path),
            ]
            for (output, errors) in others {
                let paths = RunPaths(input: path, output: output, errors: errors)
                let error = #expect(throws: RunError.self) { try RunSession(paths, onlyFailed: true) }
                #expect(error?.description.contains("are one file") == true)
                #expect(!Files.exists(paths.state))
            }
            #expect(folder.text("in.jsonl") == "{}\n")
        }
    }

    @Test
    func resultsForStandardOutputHaveTheirStateBesideTheInput() {
        for name in ["-", "/dev/stdout"] {
            let paths = RunPaths(input: "a/in.jsonl", output: name)
            #expect(paths.isOutputStream)
            #expect(paths.state == "a/in.jsonl.results.jsonl.state")
        }
    }

    /// Everything fed, settled (those in `failing` with a failure) and written.
    private func complete(_ session: RunSession, failing: Set<String>) throws {
        try session.feed(limit: 1000, deadline: 99)
        let stages = try Stages(session.paths)
        while try stages.openRequests() > 0 {
            let deliveries = try stages.lease(limit: 1)
            let id = Outcome(deliveries[0].bytes)?.id ?? ""
            let result =
                failing.contains(id) ? #","payload":"","status_code":404}"# : #","payload":"{}","status_code":200}"#
            try stages.settle(deliveries, result: result)
        }
        while !session.isComplete { _ = try session.collect() }
        try session.removeState()
    }

    private func paths(_ folder: Folder, _ lines: [String], errors: String? = nil) -> RunPaths {
        RunPaths(
            input: folder.file("in.jsonl", lines.joined(separator: "\n") + "\n"), output: folder.path + "/out.jsonl",
            errors: errors.map { "\(folder.path)/\($0)" })
    }

    private func ids(_ folder: Folder, _ name: String) -> [String] {
        folder.text(name).split(separator: "\n").compactMap { Outcome(Array($0.utf8)[...])?.id }
    }
}
