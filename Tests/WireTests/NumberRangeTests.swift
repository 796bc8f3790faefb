import Links
import Messages
import SwiftProtobuf
import Testing

@testable import Wire

/// Every number in a header has a range, and what lies outside costs that frame alone.
struct NumberRangeTests {
    private static let extremes: [Int64] = [.min, .min + 1, -1, 1 << 62, .max - 1, .max]

    private func read(_ change: (inout WireMessageHeader) -> Void) throws -> Frame {
        var header = WireMessageHeader(FrameTests.full)
        header.session = 5
        header.number = 6
        change(&header)
        let bytes: [UInt8] = try header.serializedBytes()
        return try Frame(decoding: Frame.assemble(.message, header: bytes) + FrameTests.full.payload)
    }

    private func refused(_ field: String) -> Frame { .unreadable(session: 5, number: 6, .field(field)) }

    @Test(arguments: extremes)
    func refusesTimesAndDelaysThatNobodyMeans(value: Int64) throws {
        #expect(try read { $0.deadline = value } == refused("deadline"))
        #expect(try read { $0.leasedAt = value } == refused("leased_at"))
        #expect(try read { $0.publishedAt = value } == refused("published_at"))
        #expect(try read { $0.parkedAfter = value } == refused("parked_after"))
        #expect(try read { $0.failed.retryAfter = value } == refused("failed.retry_after"))
    }

    @Test(arguments: [.min, -1, 0, 1, 99, 1000, .max] as [Int32])
    func refusesWhatIsNoStatus(value: Int32) throws {
        #expect(try read { $0.answer.statusCode = value } == refused("answer.status_code"))
        #expect(try read { $0.failed.statusCode = value } == refused("failed.status_code"))
    }

    @Test
    func refusesCountsAboveTheirRange() throws {
        #expect(try read { $0.failedAttempts = .max } == refused("failed_attempts"))
        #expect(try read { $0.deliveries = 1 << 31 } == refused("deliveries"))
        #expect(try read { $0.losses = .max } == refused("losses"))
        let header = [0x09, 5, 0, 0, 0, 0, 0, 0, 0, 0x11, 6, 0, 0, 0, 0, 0, 0, 0] as [UInt8]
        // A count of more than 32 bits must not be cut to one that is fine: 2^32 + 1.
        let frame = Frame.assemble(.message, header: header + [0x58, 0x81, 0x80, 0x80, 0x80, 0x10])
        #expect(try Frame(decoding: frame) == refused("failed_attempts"))
    }

    @Test
    func refusesMoreHeaderFieldsThanAnyRequestHas() throws {
        let most = [String](repeating: "", count: WireRange.headerFields * 2)
        guard case .message = try read({ $0.headers = most }) else {
            Issue.record("so many are allowed")
            return
        }
        #expect(try read { $0.headers = most + ["", ""] } == refused("headers"))
    }

    @Test
    func refusesNamesThatNobodyGives() throws {
        let long = String(repeating: "x", count: WireRange.name + 1)
        #expect(try read { $0.id = long } == refused("id"))
        #expect(try read { $0.resultDestination = long } == refused("result_destination"))
        #expect(try read { $0.queue = String(long.prefix(WireRange.queue + 1)) } == refused("queue"))
    }

    @Test
    func refusesMessageNumbersThatCannotBeReached() throws {
        #expect(try read { $0.number = .max } == .unreadable(session: 5, number: .max, .field("number")))
    }

    private static let unreachable: [UInt64] = [WireRange.number.upperBound + 1, 1 << 63, .max]

    @Test(arguments: unreachable)
    func refusesHellosWithNumbersThatCannotBeReached(value: UInt64) throws {
        for field in [\WireHelloHeader.number, \.last, \.heard] {
            var header = WireHelloHeader()
            header.session = 1
            header.ackAddress = "tcp://127.0.0.1:1"
            header[keyPath: field] = value
            #expect(throws: WireError.self) { try Frame(decoding: try Frame.control(.hello, header)) }
        }
    }

    @Test(arguments: unreachable)
    func refusesReportsWithNumbersThatCannotBeReached(value: UInt64) throws {
        for field in [\WireReportHeader.number, \.answers, \.limit] {
            var header = WireReportHeader()
            header.session = 1
            header.receiver = 1
            header[keyPath: field] = value
            #expect(throws: WireError.self) { try Frame(decoding: try Frame.control(.report, header)) }
        }
    }

    @Test(arguments: ["", "tcp://a b:1", "tcp://h:1\n", "tcp://é:1", String(repeating: "a", count: 301)])
    func refusesAckAddressesThatAreNone(address: String) throws {
        var header = WireHelloHeader()
        header.session = 1
        header.ackAddress = address
        #expect(throws: WireError.field("ack_address")) { try Frame(decoding: try Frame.control(.hello, header)) }
    }

    @Test
    func refusesOpenNumbersThatWereNeverSent() {
        let hello = Hello(session: 1, receiver: 1, number: 1, ackAddress: "ipc:///a", last: 4, open: [1...5])
        #expect(throws: WireError.field("open")) { try Frame(decoding: try hello.encoded()) }
    }

    /// What a stage holds may be odd, since producers choose deadlines and counts; it goes through all the same.
    @Test(arguments: extremes)
    func writesWhatIsOutsideAsTheNearestThatIsInside(value: Int64) throws {
        var envelope = FrameTests.full
        envelope.deadline = value
        envelope.leasedAt = value
        envelope.failedAttempts = Int(value)
        envelope.progress = .ended(.parked(afterMilliseconds: value))
        guard
            case .message(let read) = try Frame(
                decoding: MessageFrame.encode(envelope, session: 1, number: 1, losses: .max))
        else {
            Issue.record("what was written cannot be read")
            return
        }
        #expect(read.envelope.deadline == (value < 0 ? 0 : WireRange.unixSeconds.upperBound))
        #expect(read.envelope.losses == WireRange.count.upperBound)
    }
}
