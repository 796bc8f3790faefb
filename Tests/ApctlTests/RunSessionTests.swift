import Foundation
import Messages
import Queue
import SQLite
import Testing

@testable import Apctl
@testable import SQLiteSink
@testable import SQLiteSource

/// Sessions over real files and a real queue; the test does what the stages do.
struct RunSessionTests {
    @Test
    func everyLineHasOneResultInTheOrderOfCompletion() throws {
        try withFolder { folder in
            let paths = input(folder, lines: 5)
            let session = try RunSession(paths)
            #expect(try session.feed(limit: 3, deadline: 99) == 3)
            #expect(try session.feed(limit: 3, deadline: 99) == 2)
            #expect(try session.feed(limit: 3, deadline: 99) == 0)
            #expect(session.isFed)
            try Stages(paths).settle(limit: 5) { $0.reversed() }
            #expect(try session.collect() == 5)
            #expect(try session.collect() == 0)
            #expect(session.isComplete)
            #expect(ids(folder) == ["r5", "r4", "r3", "r2", "r1"])
            try session.removeState()
            #expect(!Files.exists(paths.state))
            #expect(ids(folder).count == 5)
        }
    }

    /// Whatever is between two steps may be the last thing that happens: the session is dropped after every one.
    @Test
    func aRunThatIsKilledAfterEveryStepLosesAndRepeatsNothing() throws {
        try withFolder { folder in
            let paths = input(folder, lines: 50)
            var steps = 0
            while steps < 200 {
                steps += 1
                let session = try RunSession(paths)
                if session.isComplete { break }
                switch steps % 3 {
                case 0: _ = try session.feed(limit: 7, deadline: 99)
                case 1: try Stages(paths).settle(limit: 4)
                default: _ = try session.collect(limit: 3)
                }
            }
            #expect(steps < 200)
            #expect(ids(folder).sorted() == (1...50).map { "r\($0)" }.sorted())
        }
    }

    @Test
    func linesWrittenButNotRecordedAreWrittenAgainOnce() throws {
        try withFolder { folder in
            let paths = input(folder, lines: 6)
            try RunSession(paths).feed(limit: 6, deadline: 99)
            try Stages(paths).settle(limit: 2)
            _ = try RunSession(paths).collect()
            let recorded = try #require(FileManager.default.contents(atPath: paths.written))
            try Stages(paths).settle(limit: 4)
            _ = try RunSession(paths).collect()
            // As if it had been killed between the lines and the record.
            _ = FileManager.default.createFile(atPath: paths.written, contents: recorded)
            let session = try RunSession(paths)
            #expect(session.written.lines == 2)
            #expect(ids(folder).count == 2)
            #expect(try session.collect() == 4)
            #expect(ids(folder) == (1...6).map { "r\($0)" })
        }
    }

    @Test
    func aRunOverAPipeGoesOnWithWhatCameThroughIt() throws {
        try withFolder { folder in
            let pipe = folder.path + "/pipe"
            mkfifo(pipe, 0o600)
            let paths = RunPaths(input: pipe, output: folder.path + "/out")
            let text = (1...4).map { #"{"id":"r\#($0)","payload":{}}"# + "\n" }.joined()
            func session(_ text: String) throws -> RunSession {
                let writer = Thread { try? Data(text.utf8).write(to: URL(filePath: pipe)) }
                writer.start()
                return try RunSession(paths)
            }
            try session(text).feed(limit: 2, deadline: 99)
            // Nothing comes this time: it is known what there was.
            try session("").feed(limit: 1, deadline: 99)
            // Or the same comes once more.
            let last = try session(text)
            #expect(try last.feed(limit: 9, deadline: 99) == 1)
            #expect(last.isFed)
            #expect(throws: RunError.self) { try session(text + "{}\n") }
            try Stages(paths).settle(limit: 4)
            #expect(try last.collect() == 4)
            #expect(folder.text("out").split(separator: "\n").count == 4)
            try last.removeState()
        }
    }

    @Test
    func leasesOfStagesThatAreGoneEndAtOnce() throws {
        try withFolder { folder in
            let paths = input(folder, lines: 1)
            try RunSession(paths).feed(limit: 1, deadline: 99)
            let stages = try Stages(paths)
            #expect(try stages.lease(limit: 1).count == 1)
            #expect(try stages.lease(limit: 1).isEmpty)
            _ = try RunSession(paths)
            #expect(try stages.lease(limit: 1).count == 1)
        }
    }

    @Test
    func sameIdsAreDifferentRequests() throws {
        try withFolder { folder in
            let paths = RunPaths(
                input: folder.file("in.jsonl", String(repeating: "{\"id\":\"same\",\"payload\":{}}\n", count: 3)),
                output: folder.path + "/out.jsonl")
            let session = try RunSession(paths)
            try session.feed(limit: 10, deadline: 99)
            try Stages(paths).settle(limit: 10)
            #expect(try session.collect() == 3)
            #expect(session.isComplete)
        }
    }

    @Test
    func linesThatAreNoRequestsHaveErrorResults() throws {
        try withFolder { folder in
            let text = "nonsense\n\n{\"id\":\"ok\",\"payload\":{}}\n{\"custom_id\":\"b\",\"url\":\"/x\"}\n"
            let paths = RunPaths(input: folder.file("in.jsonl", text), output: folder.path + "/out.jsonl")
            let session = try RunSession(paths)
            try session.feed(limit: 10, deadline: 99)
            try Stages(paths).settle(limit: 10)
            #expect(try session.collect() == 3)
            #expect(session.isComplete)
            #expect(session.written.failures.count == 2)
            let lines = folder.text("out.jsonl").split(separator: "\n")
            #expect(lines.contains { $0.hasPrefix("{\"id\":\"\",\"line\":1,") && $0.contains("DEAD_LETTER") })
            #expect(
                lines.contains(
                    #"{"id":"batch_req_4","custom_id":"b","response":null,"error":{"code":"INVALID_REQUEST","#
                        + #""message":"body must be an object","line":4}}"#))
        }
    }

    @Test
    func aLineThatCannotBeReadIsAnsweredInTheFormatOfTheFile() throws {
        try withFolder { folder in
            let paths = RunPaths(
                input: folder.file("in.jsonl", "# mine\n{\"custom_id\":\"b\",\"url\":\"/x\"}\n"),
                output: folder.path + "/out.jsonl")
            let session = try RunSession(paths)
            try session.feed(limit: 10, deadline: 99)
            try Stages(paths).settle(limit: 10)
            #expect(try session.collect() == 2)
            let first = folder.text("out.jsonl").split(separator: "\n").first { $0.contains("\"line\":1") }
            #expect(first?.hasPrefix(#"{"id":"batch_req_1","custom_id":"","response":null,"error":{"#) == true)
        }
    }

    @Test
    func batchLinesAreAnsweredInTheirFormatAlsoAfterAnInterruption() throws {
        try withFolder { folder in
            let line = #"{"custom_id":"b","method":"POST","url":"/v1/chat/completions","body":{}}"#
            let paths = RunPaths(
                input: folder.file("in.jsonl", "{\"id\":\"a\",\"payload\":{}}\n\(line)\n"),
                output: folder.path + "/out.jsonl")
            try RunSession(paths).feed(limit: 10, deadline: 99)
            try Stages(paths).settle(limit: 10)
            #expect(try RunSession(paths).collect() == 2)
            #expect(
                folder.text("out.jsonl") == """
                    {"id":"a","payload":"{}","status_code":200}
                    {"id":"batch_req_2","custom_id":"b","response":{"status_code":200,"request_id":"","body":{}},"error":null}

                    """)
        }
    }

    @Test
    func failuresAreCounted() throws {
        try withFolder { folder in
            let paths = input(folder, lines: 3)
            let session = try RunSession(paths)
            try session.feed(limit: 3, deadline: 99)
            try Stages(paths).settle(limit: 1)
            try Stages(paths).settle(limit: 1, result: #","payload":"","status_code":500}"#)
            try Stages(paths).settle(limit: 1, result: #","payload":"","error_code":"DEADLINE_EXCEEDED"}"#)
            #expect(try session.collect() == 3)
            #expect(session.written.failures.count == 2)
        }
    }

    /// Of a wrong address, or after a weekend, the same command can be given again with another.
    @Test
    func whatWaitsOnTheQueueGetsTheGatewayAndTheDeadlineOfTheNewCommand() throws {
        try withFolder { folder in
            let lines = (1...3).map { #"{"custom_id":"b\#($0)","url":"/v1/embeddings","body":{"n":\#($0)}}"# }
            let paths = RunPaths(
                input: folder.file("in.jsonl", lines.joined(separator: "\n\n")), output: folder.path + "/out.jsonl")
            try RunSession(paths, gateway: GatewayAddress("http://gpu/wrong/"), deadline: 5).feed(limit: 3, deadline: 5)
            try Stages(paths).settle(limit: 1)
            _ = try RunSession(paths, gateway: GatewayAddress("http://gpu/right/"), deadline: 99)
            let bodies = try Stages(paths).lease(limit: 9).map { String(decoding: $0.bytes, as: UTF8.self) }
            #expect(
                bodies
                    == (2...3).map {
                        #"{"id":"b\#($0)","deadline":99,"endpoint":"/right/embeddings","payload":{"n":\#($0)}}"#
                    })
        }
    }

    @Test
    func anInputThatHasChangedIsRefused() throws {
        try withFolder { folder in
            let paths = input(folder, lines: 3)
            _ = try RunSession(paths)
            _ = folder.file("in.jsonl", "{\"id\":\"other\",\"payload\":{}}\n")
            let error = #expect(throws: RunError.self) { try RunSession(paths) }
            #expect(error?.description.contains("has changed since this run began") == true)
            #expect(error?.exitCode == 64)
        }
    }

    @Test
    func resultsOfAnEarlierRunAreNotOverwritten() throws {
        try withFolder { folder in
            let paths = input(folder, lines: 1)
            _ = folder.file("out.jsonl", "{}\n")
            let error = #expect(throws: RunError.self) { try RunSession(paths) }
            #expect(error?.description.contains("exists already") == true)
            #expect(folder.text("out.jsonl") == "{}\n")
            #expect(!Files.exists(paths.state))
        }
    }

    @Test
    func aStateThatWasHalfRemovedCountsForNothing() throws {
        try withFolder { folder in
            let paths = input(folder, lines: 2)
            try RunSession(paths).feed(limit: 2, deadline: 99)
            try Files.remove(paths.identity)
            let session = try RunSession(paths)
            #expect(session.fed == 0)
            #expect(try session.feed(limit: 2, deadline: 99) == 2)
        }
    }

    @Test
    func aForeignProducerIsNoticed() throws {
        try withFolder { folder in
            let paths = input(folder, lines: 2)
            let session = try RunSession(paths)
            _ = try QueueDatabase(path: paths.queue).submit([Array("{}".utf8)[...]])
            #expect(throws: RunError.self) { try session.feed(limit: 2, deadline: 99) }
        }
    }

    @Test
    func whatCouldNotBePutOnTheQueueIsPutThereLater() throws {
        try withFolder { folder in
            let paths = input(folder, lines: 4)
            let session = try RunSession(paths)
            try session.feed(limit: 2, deadline: 99)
            try FileManager.default.moveItem(atPath: paths.queue, toPath: paths.queue + ".away")
            #expect(throws: QueueError.self) { try session.feed(limit: 2, deadline: 99) }
            #expect(session.fed == 2)
            try FileManager.default.moveItem(atPath: paths.queue + ".away", toPath: paths.queue)
            #expect(try session.feed(limit: 2, deadline: 99) == 2)
            try Stages(paths).settle(limit: 4)
            #expect(try session.collect() == 4)
            #expect(ids(folder) == ["r1", "r2", "r3", "r4"])
        }
    }

    @Test
    func aMissingInputIsNamed() throws {
        let error = #expect(throws: RunError.self) { try RunSession(RunPaths(input: "/nothing/here", output: nil)) }
        #expect(error == RunError("/nothing/here: No such file or directory"))
    }

    @Test
    func anEmptyInputIsComplete() throws {
        try withFolder { folder in
            let session = try RunSession(RunPaths(input: folder.file("in", "\n\n"), output: folder.path + "/out"))
            #expect(session.isComplete)
        }
    }

    @Test
    func theBacklogIsBounded() async throws {
        try await withFolderAsync { folder in
            let paths = input(folder, lines: 100)
            let store = RunStore(paths, deadline: .seconds(60))
            #expect(try await store.step(feeds: true, backlog: 30).fed == 30)
            #expect(try await store.step(feeds: true, backlog: 30).fed == 30)
            try Stages(paths).settle(limit: 10)
            let state = try await store.step(feeds: true, backlog: 30)
            #expect(state.done == 10)
            #expect(state.fed == 40)
            #expect(state.moved == 20)
            #expect(try await store.step(feeds: false, backlog: 100).fed == 40)
        }
    }

    private func input(_ folder: Folder, lines: Int) -> RunPaths {
        let text = (1...lines).map { "{\"id\":\"r\($0)\",\"payload\":{\"n\":\($0)}}\n" }.joined()
        return RunPaths(input: folder.file("in.jsonl", text), output: folder.path + "/out.jsonl")
    }

    /// The ids of the output, in order.
    private func ids(_ folder: Folder) -> [String] {
        folder.text("out.jsonl").split(separator: "\n").compactMap { Outcome(Array($0.utf8)[...])?.id }
    }
}

/// What the four stages do to a queue, in a few lines.
struct Stages {
    private let database: QueueDatabase

    init(_ paths: RunPaths) throws { database = try QueueDatabase(path: paths.queue) }

    func lease(limit: Int) throws -> [Delivery] {
        try database.lease(queue: Schema.defaultQueue, limit: limit, milliseconds: 30_000, takeOver: false)
    }

    func openRequests() throws -> Int { try database.openRequests() }

    /// Gives requests their results, and what has no id to the dead letters; returns how many.
    @discardableResult
    func settle(
        limit: Int, result: String = #","payload":"{}","status_code":200}"#, order: ([Delivery]) -> [Delivery] = { $0 }
    ) throws -> Int {
        try settle(order(lease(limit: limit)), result: result)
    }

    @discardableResult
    func settle(_ deliveries: [Delivery], result: String) throws -> Int {
        let settlements = deliveries.map { delivery in
            let id = Outcome(delivery.bytes)?.id ?? ""
            let action: Settlement.Action =
                id.isEmpty
                ? .deadLetter(reason: "no id", result: nil)
                : .result(Array("{\"id\":\"\(id)\"\(result)".utf8)[...])
            return Settlement(receipt: delivery.receipt, queue: "requests", destination: "", id: id, action: action)
        }
        #expect(try database.settle(settlements).allSatisfy { $0 == .settled })
        return settlements.count
    }
}
