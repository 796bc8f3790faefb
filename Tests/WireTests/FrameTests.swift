import Links
import Messages
import Testing
import Wire

struct FrameTests {
    static let envelopes: [Envelope] = {
        let progresses: [Progress] = [
            .waiting,
            .failed(FailedAttempt(statusCode: nil, body: [], reason: "connect: refused")),
            .failed(FailedAttempt(statusCode: nil, body: [], reason: "connect: refused", isUnreached: true)),
            .failed(FailedAttempt(statusCode: 503, body: [1, 2, 3], reason: "shed", retryAfterMilliseconds: 0)),
            .failed(
                FailedAttempt(
                    statusCode: 999, body: [], reason: "", retryAfterMilliseconds: WireRange.delay.upperBound)),
            .ended(.result(.answer(statusCode: 200, body: [0xFF, 0]))),
            .ended(.result(.answer(statusCode: 100, body: []))),
            .ended(.parked(afterMilliseconds: 0)),
            .ended(.parked(afterMilliseconds: WireRange.delay.upperBound)),
            .ended(.released), .ended(.deadLetter(reason: "")), .ended(.deadLetter(reason: "five processes")),
        ]
        let failures = ErrorCode.allCases.map { Progress.ended(.result(.failure($0, message: "why"))) }
        return (progresses + failures).map { progress in
            var envelope = full
            envelope.progress = progress
            return envelope
        } + [Envelope(id: "", queue: "", receipt: Receipt([]))]
    }()

    static var full: Envelope {
        Envelope(
            id: "id-ü", queue: "batch", pool: "shared", tier: 3, model: "llama ü", receipt: Receipt([0, 255, 128]),
            resultDestination: "results",
            requestToken: "9f86d081",
            url: "http://localhost:30080/v1/completions",
            headers: [HeaderField("a", "1"), HeaderField("b", ""), HeaderField("c", "3")], deadline: 1_764_045_130,
            failedAttempts: 3, deliveries: 2, losses: 1, isBase64: true, leasedAt: 1_764_045_130_123,
            publishedAt: 1_764_045_000_001,
            store: 0xFEDC_BA98_7654_3204, charges: ["quota:a", ""],
            tokens: TokenUsage(prompt: 1 << 40, completion: 3), payload: Array("{\"prompt\": \"hi\"}".utf8)[...])
    }

    @Test(arguments: envelopes)
    func carriesAnEnvelopeUnchanged(envelope: Envelope) throws {
        let message = MessageFrame(session: .max, number: 7, envelope: envelope)
        let bytes = try message.encoded()
        #expect(try Frame(decoding: bytes) == .message(message))
        #expect(bytes.count <= envelope.frameSizeLimit)
    }

    @Test
    func writesTheSendersCountOfLosses() throws {
        let bytes = try MessageFrame.encode(Self.full, session: 1, number: 1, losses: 4)
        guard case .message(let message) = try Frame(decoding: bytes) else {
            Issue.record("not a message")
            return
        }
        #expect(message.envelope.losses == 4)
    }

    @Test
    func givesPayloadsAsPartsOfTheFrame() throws {
        var envelope = Self.full
        envelope.progress = .ended(.result(.answer(statusCode: 200, body: [9, 9])))
        let bytes = try MessageFrame(session: 1, number: 1, envelope: envelope).encoded()
        guard case .message(let message) = try Frame(decoding: bytes) else {
            Issue.record("not a message")
            return
        }
        #expect(message.envelope.payload.endIndex == bytes.count - 2)
        #expect(message.envelope.payload.startIndex == bytes.count - 2 - envelope.payload.count)
        let shared = bytes.withUnsafeBytes { whole in
            message.envelope.payload.withUnsafeBytes { $0.baseAddress.map(whole.contains(address:)) ?? false }
        }
        #expect(shared, "the payload was copied")
    }

    @Test
    func laysOutAFrameAsDocumented() throws {
        let bytes = try MessageFrame(
            session: 0x0102_0304_0506_0708, number: 2,
            envelope: Envelope(id: "x", queue: "", receipt: Receipt([]), payload: [0xAA])
        ).encoded()
        #expect(Array(bytes[0..<2]) == [1, 1])
        let length = Int(bytes[2]) | Int(bytes[3]) << 8 | Int(bytes[4]) << 16 | Int(bytes[5]) << 24
        #expect(bytes.count == 6 + length + 1)
        #expect(bytes.last == 0xAA)
        #expect(Array(bytes[6..<15]) == [0x09, 8, 7, 6, 5, 4, 3, 2, 1])
        #expect(Array(bytes[15..<24]) == [0x11, 2, 0, 0, 0, 0, 0, 0, 0])
    }

    static let highest = WireRange.number.upperBound

    static let hellos = [
        Hello(session: 1, receiver: 0, number: 1, ackAddress: "tcp://10.0.0.1:5566"),
        Hello(
            session: .max, receiver: .max, number: highest, ackAddress: "ipc:///a", last: highest,
            open: [1...1, 3...9, 11...highest], heard: highest, isDraining: true, isLeaving: true,
            from: Introduction(
                pipeline: "default", stage: "ingest", release: "0.1.0", version: Frame.version,
                seeks: "dispatch"),
            pools: [PoolNote(pool: "http://gateway:80 ü", base: 12_500), PoolNote(pool: "p", base: 3_600_000_000)]),
    ]

    @Test(arguments: hellos)
    func carriesAHelloUnchanged(hello: Hello) throws {
        #expect(try Frame(decoding: try hello.encoded()) == .hello(hello))
    }

    static let reports = [
        Report(session: 1, receiver: 1, number: 1, answers: 0, isOpen: false),
        Report(
            session: .max, receiver: .max, number: highest, answers: highest, isOpen: true, limit: highest,
            done: [1...highest], missing: [2...2, 4...5],
            refused: RefusalReason.allCases.map { Refusal(number: UInt64($0.rawValue) * 1000, reason: $0) },
            isDraining: true, isLeaving: true,
            from: Introduction(pipeline: "p", stage: "emit", release: "", version: Frame.version),
            conditions: [
                Condition(
                    subject: "http://gateway:80", queue: "ü", state: "unreachable", since: 1_790_000_000_000,
                    text: "it refuses connections", held: 12)
            ],
            pools: [PoolNote(pool: "p", base: 1, closedFor: 30_000, heldQueues: ["ü", "w"]), PoolNote(pool: "q")]),
    ]

    @Test
    func takesNoMoreOfConditionsThanFitsIntoAReport() throws {
        let text = String(repeating: "x", count: 5000)
        let condition = Condition(
            subject: text, queue: text, state: text, since: -5, text: text, held: .max)
        let report = Report(
            session: 1, receiver: 1, number: 1, answers: 0, isOpen: true,
            conditions: Array(repeating: condition, count: 100))
        guard case .report(let read) = try Frame(decoding: try report.encoded()) else {
            Issue.record("no report")
            return
        }
        #expect(read.conditions.count == Condition.most)
        #expect(read.conditions.allSatisfy { $0.text.utf8.count < 610 && $0.subject.utf8.count < 610 && $0.since == 0 })
    }

    @Test
    func saysNothingOfPoolsAndQueuesWithEndlessNames() throws {
        let long = String(repeating: "x", count: 4000)
        let notes = (0..<200).map { PoolNote(pool: "\($0)", closedFor: 1, heldQueues: ["a", long, "b"]) }
        let report = Report(
            session: 1, receiver: 1, number: 1, answers: 0, isOpen: true,
            pools: [PoolNote(pool: long, base: 1)] + notes)
        guard case .report(let read) = try Frame(decoding: try report.encoded()) else {
            Issue.record("no report")
            return
        }
        #expect(read.pools.count == PoolNote.most && read.pools[0].pool == "0")
        #expect(read.pools.allSatisfy { $0.heldQueues == ["a", "b"] })
    }

    @Test(arguments: reports)
    func carriesAReportUnchanged(report: Report) throws {
        #expect(try Frame(decoding: try report.encoded()) == .report(report))
    }
}

extension FrameTests {
    @Test
    func readsOfAnotherVersionWhoSpeaks() throws {
        var bytes = try Self.hellos[1].encoded()
        bytes[0] = 9
        var from = try #require(Self.hellos[1].from)
        from.version = 9
        #expect(
            try Frame(decoding: bytes)
                == .hello(Hello(session: .max, receiver: 0, number: Self.highest, ackAddress: "ipc:///a", from: from)))
        bytes = try Self.reports[0].encoded()
        bytes[0] = 2
        from = Introduction(pipeline: "", stage: "", release: "", version: 2)
        #expect(
            try Frame(decoding: bytes)
                == .report(Report(session: 1, receiver: 1, number: 1, answers: 0, isOpen: false, from: from)))
    }

    @Test(arguments: ["a b", "a\n", String(repeating: "a", count: 64), "é"])
    func refusesNamesThatAreNone(name: String) throws {
        var hello = Self.hellos[1]
        hello.from?.pipeline = name
        let bytes = try hello.encoded()
        #expect(throws: WireError.field("from")) { try Frame(decoding: bytes) }
    }
}

extension UnsafeRawBufferPointer {
    func contains(address: UnsafeRawPointer) -> Bool {
        guard let baseAddress else { return false }
        return address >= baseAddress && address < baseAddress + count
    }
}
