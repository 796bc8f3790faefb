import Links
import Messages
import SwiftProtobuf
import Testing

@testable import Wire

struct MalformedFrameTests {
    static let malformed: [([UInt8], WireError)] = [
        ([], .truncated(needed: 6, actual: 0)),
        ([1, 1, 0, 0, 0], .truncated(needed: 6, actual: 5)),
        ([0, 1, 0, 0, 0, 0], .version(0)),
        ([2, 1, 0, 0, 0, 0], .version(2)),
        ([1, 0, 0, 0, 0, 0], .kind(0)),
        ([1, 4, 0, 0, 0, 0], .kind(4)),
        ([1, 1, 1, 0, 0, 0], .truncated(needed: 7, actual: 6)),
        ([1, 2, 0xFF, 0xFF, 0xFF, 0xFF], .tooLarge(0xFFFF_FFFF)),
        ([1, 1, 0, 0, 0, 0], .field("session")),
        ([1, 2, 0, 0, 0, 0], .field("session")),
        ([1, 3, 0, 0, 0, 0], .field("session")),
        ([1, 2, 1, 0, 0, 0, 0x09], .header),
    ]

    @Test(arguments: malformed)
    func saysWhatIsWrong(bytes: [UInt8], error: WireError) {
        #expect(throws: error) { try Frame(decoding: bytes) }
        #expect(!error.description.isEmpty)
    }

    /// A frame from a header that no version of this program writes.
    private func frame(_ change: (inout WireMessageHeader) -> Void) throws -> Frame {
        var header = WireMessageHeader(FrameTests.full)
        header.session = 5
        header.number = 6
        change(&header)
        let bytes: [UInt8] = try header.serializedBytes()
        return try Frame(decoding: Frame.assemble(.message, header: bytes) + FrameTests.full.payload)
    }

    @Test
    func namesTheMessageItCannotRead() throws {
        let unreadable: (String) -> Frame = { .unreadable(session: 5, number: 6, .field($0)) }
        #expect(try frame { $0.payloadLength += 1 } == unreadable("payload_length"))
        #expect(try frame { $0.payloadLength = .max } == unreadable("payload_length"))
        #expect(try frame { $0.headers.removeLast() } == unreadable("headers"))
        #expect(try frame { $0.failure.code = .UNRECOGNIZED(99) } == unreadable("failure.code"))
        #expect(try frame { $0.failure.code = .none } == unreadable("failure.code"))
        #expect(throws: WireError.field("number")) {
            try MessageFrame(header: [0x09, 1, 0, 0, 0, 0, 0, 0, 0], payloads: [])
        }
    }

    @Test
    func namesTheMessageWhoseHeaderIsDamaged() throws {
        var bytes = try MessageFrame(session: 5, number: 6, envelope: FrameTests.full).encoded()
        for index in 24..<40 { bytes[index] = 0xFF }
        #expect(try Frame(decoding: bytes) == .unreadable(session: 5, number: 6, .header))
    }

    @Test
    func refusesRangesThatDoNotRise() {
        #expect(throws: WireError.field("open")) { try NumberRanges([0, 1], field: "open") }
        #expect(throws: WireError.field("open")) { try NumberRanges([1], field: "open") }
        #expect(throws: WireError.field("open")) { try NumberRanges([.max, 1], field: "open") }
        #expect(throws: WireError.field("open")) { try NumberRanges([1, .max], field: "open") }
        #expect(throws: WireError.field("open")) { try NumberRanges([5, 5, 0, 1], field: "open") }
    }

    @Test
    func refusesReasonsItDoesNotKnow() throws {
        var header = WireReportHeader()
        header.session = 1
        header.receiver = 1
        for values in [[1, 0], [1, 5], [1, .max], [1]] as [[UInt64]] {
            header.refused = values
            let bytes = try Frame.control(.report, header)
            #expect(throws: WireError.self) { try Frame(decoding: bytes) }
        }
    }

    @Test
    func writesNoFrameThatNobodyTakes() {
        var envelope = FrameTests.full
        envelope.payload = [UInt8](repeating: 0, count: Frame.maxSize)[...]
        #expect(throws: WireError.self) { try MessageFrame(session: 1, number: 1, envelope: envelope).encoded() }
        #expect(envelope.frameSizeLimit > Frame.maxSize)
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func survivesAnyBytes(seed: UInt64) throws {
        var random = Chance(state: seed)
        let frames =
            try FrameTests.envelopes.map { try MessageFrame(session: 1, number: 1, envelope: $0).encoded() }
            + FrameTests.hellos.map { try $0.encoded() } + FrameTests.reports.map { try $0.encoded() }
        var readable = 0
        for _ in 0..<3000 {
            let bytes = random.mutated(frames[Int(random.next() % UInt64(frames.count))])
            guard let frame = try? Frame(decoding: bytes) else { continue }
            readable += 1
            // What can be read can be written, and read again.
            switch frame {
            case .message(let message): #expect(try Frame(decoding: try message.encoded()) == frame)
            // Of another version only a part is read.
            case .hello(let hello) where bytes[0] != Frame.version: #expect(hello.from?.version == bytes[0])
            case .report(let report) where bytes[0] != Frame.version: #expect(report.from?.version == bytes[0])
            case .hello(let hello): #expect(try Frame(decoding: try hello.encoded()) == frame)
            case .report(let report): #expect(try Frame(decoding: try report.encoded()) == frame)
            case .unreadable: break
            }
        }
        #expect(readable > 100, "the mutations are too wild to test anything")
    }
}

/// Chance that can be repeated.
private struct Chance: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 11 ^ state << 21
    }

    mutating func mutated(_ frame: [UInt8]) -> [UInt8] {
        var bytes = frame
        for _ in 0..<Int.random(in: 1...4, using: &self) where !bytes.isEmpty {
            let index = Int.random(in: 0..<bytes.count, using: &self)
            switch Int.random(in: 0..<5, using: &self) {
            case 0: bytes[index] = UInt8.random(in: 0...255, using: &self)
            case 1: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &self)
            case 2: bytes.removeLast(bytes.count - index)
            case 3: bytes.insert(UInt8.random(in: 0...255, using: &self), at: index)
            default: bytes.remove(at: index)
            }
        }
        return bytes
    }
}
