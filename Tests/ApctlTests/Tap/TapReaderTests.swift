import Loop
import Synchronization
import Testing
import ZeroMQ

@testable import Apctl

/// The reader and publishers over real sockets.
@PipelineActor
struct TapReaderTests {
    @Test(.timeLimit(.minutes(1)))
    func printsWhatSeveralTapsPublish() async throws {
        let publishers = try [Publisher(), Publisher()]
        let reading = try Reading(publishers.map(\.endpoint), options: .init(isJSON: true, count: 4))
        for publisher in publishers { try await publisher.waitForSubscriber() }
        for publisher in publishers { for number in 1...2 { try publisher.publish(number) } }
        await reading.reader.untilStopped()
        #expect(reading.lines.count == 4)
        #expect(Set(reading.lines) == [#"{"copy":1,"id":"1"}"#, #"{"copy":2,"id":"2"}"#])
        // On a busy machine it may also say that nothing has come yet.
        #expect(!reading.notes.contains("lost"))
    }

    @Test(.timeLimit(.minutes(1)))
    func asksForNothingElseThanTheFilterWants() async throws {
        let publisher = try Publisher()
        let reading = try Reading(
            [publisher.endpoint], filter: TapFilter(stages: [.emit], direction: .input, queue: "q", id: "7"))
        #expect(try await publisher.waitForSubscriber() == "emit.in.q.7")
        reading.reader.stop()
    }

    @Test(.timeLimit(.minutes(1)))
    func saysHowManyCopiesWereLostOnTheWay() async throws {
        let publisher = try Publisher()
        let reading = try Reading([publisher.endpoint])
        try await publisher.waitForSubscriber()
        for number in [5, 6, 10, 1, 2] { try publisher.publish(number) }
        try await reading.wait { reading.lines.count == 5 }
        reading.reader.stop()
        // On a busy machine it has said before that no copy had come yet.
        let lost = "3 copies from \(publisher.endpoint) were lost: this end is too slow for them\n"
        #expect(reading.notes.hasSuffix(lost), "\(reading.notes)")
    }

    @Test(.timeLimit(.minutes(1)))
    func saysWhereNobodyListensAndWhenSomebodyComesAndGoes() async throws {
        let endpoint = try Publisher().endpoint
        let reading = try Reading([endpoint])
        try await reading.wait { !reading.notes.isEmpty }
        #expect(reading.notes == "no copy yet from \(endpoint): nobody listens there; trying again\n")
        do {
            let publisher = try Publisher(endpoint)
            try await publisher.waitForSubscriber()
            try publisher.publish(1)
            try await reading.wait { reading.lines.count == 1 }
            #expect(reading.notes.hasSuffix("connected to \(endpoint)\n"))
        }
        try await reading.wait { reading.notes.hasSuffix("\(endpoint) has gone; trying again\n") }
        reading.reader.stop()
    }

    @Test(.timeLimit(.minutes(1)))
    func saysThatATapIsThereButSilent() async throws {
        let publisher = try Publisher()
        let reading = try Reading([publisher.endpoint])
        try await reading.wait { !reading.notes.isEmpty }
        #expect(reading.notes.hasPrefix("connected to \(publisher.endpoint), no copy yet"))
        reading.reader.stop()
    }

    @Test
    func refusesAnEndpointThatCannotBe() {
        #expect(throws: ZeroMQError.self) { try Reading(["carrier://pigeon"]) }
    }
}

/// A stage's tap, as far as a reader sees it.
@PipelineActor
private final class Publisher {
    let endpoint: String
    private let socket: Socket

    init(_ endpoint: String = "tcp://127.0.0.1:*") throws {
        let socket = try Context().makeSocket(
            .publisher, SocketOptions(highWaterMark: 1000, queuesWithoutPeer: true, maxFrame: 4096))
        try socket.bind(endpoint)
        self.endpoint = try socket.boundEndpoint()
        self.socket = socket
    }

    /// - Returns: what it asks for.
    @discardableResult
    func waitForSubscriber() async throws -> String {
        while true {
            if let message = try socket.receive() { return String(decoding: message.dropFirst(), as: UTF8.self) }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    func publish(_ number: Int) throws {
        try socket.publish(Array("emit.in.q.\(number)".utf8), Array(#"{"copy":\#(number),"id":"\#(number)"}"#.utf8))
    }
}

/// A reader whose output is kept.
@PipelineActor
private final class Reading {
    let reader: TapReader
    private let out = Text()
    private let note = Text()

    init(
        _ endpoints: [String], filter: TapFilter = TapFilter(), options: TapPrinter.Options = .init(isJSON: true)
    ) throws {
        reader = try TapReader(
            endpoints, TapPrinter(filter: filter, options: options, isColoured: false),
            out: { [out] in out.append($0) }, note: { [note] in note.append($0) })
    }

    var lines: [String] { out.text.split(separator: "\n").map(String.init) }
    var notes: String { note.text }

    func wait(until condition: () -> Bool) async throws {
        while !condition() { try await Task.sleep(for: .milliseconds(2)) }
    }
}

private final class Text: Sendable {
    private let kept = Mutex("")

    var text: String { kept.withLock { $0 } }
    func append(_ text: String) { kept.withLock { $0 += text } }
}
