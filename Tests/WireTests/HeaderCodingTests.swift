import Messages
import Primitives
import SwiftProtobuf
import Testing

@testable import Wire

/// The coding written by hand is held against the generated one.
struct HeaderCodingTests {
    private func reference(_ envelope: Envelope, session: UInt64, number: UInt64) throws -> [UInt8] {
        var header = WireMessageHeader(envelope)
        header.session = session
        header.number = number
        header.losses = UInt32(min(envelope.losses, WireRange.count.upperBound))
        return try header.serializedBytes()
    }

    private func header(_ envelope: Envelope, session: UInt64, number: UInt64) throws -> [UInt8] {
        let frame = try MessageFrame(session: session, number: number, envelope: envelope).encoded()
        return Array(frame[Frame.prefixLength..<(frame.count - envelope.payload.count - envelope.body.count)])
    }

    @Test(arguments: FrameTests.envelopes)
    func writesWhatTheGeneratedCodeWrites(envelope: Envelope) throws {
        #expect(
            try header(envelope, session: 3, number: .max) == reference(envelope, session: 3, number: .max))
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func writesAnyEnvelopeAsTheGeneratedCodeDoes(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        for _ in 0..<500 {
            let envelope = random.envelope()
            let written = try header(envelope, session: seed, number: random.next())
            let number = try WireMessageHeader(serializedBytes: written).number
            #expect(try written == reference(envelope, session: seed, number: number))
        }
    }

    /// Groups, which the format has given up, are refused; all else is read alike, or refused alike.
    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func readsDamagedHeadersAsTheGeneratedCodeDoes(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        var (read, refused) = (0, 0)
        for _ in 0..<3000 {
            var bytes = try reference(random.envelope(), session: 1, number: 1)
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                bytes[Int.random(in: 18..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            let payloads = [UInt8](repeating: 7, count: 1000)
            let generated = try? WireMessageHeader(serializedBytes: bytes)
            let ours = try? MessageFrame(header: bytes[...], payloads: payloads[...])
            guard let ours else {
                refused += 1
                continue
            }
            read += 1
            let length = Int(try #require(generated).payloadLength)
            let expected = try #require(generated).envelope(
                payload: payloads[..<length], body: payloads[length...])
            #expect(ours.envelope == expected)
        }
        #expect(read > 300 && refused > 100, "\(read) read, \(refused) refused: that tests too little of one of them")
    }

    @Test
    func skipsFieldsOfLaterVersions() throws {
        let known = try reference(FrameTests.full, session: 1, number: 2)
        // Fields 100 to 103: a number, eight bytes, a text, four bytes.
        let unknown: [UInt8] =
            [0xA0, 0x06, 0x96, 0x01] + [0xA9, 0x06, 1, 2, 3, 4, 5, 6, 7, 8] + [0xB2, 0x06, 2, 0x61, 0x62]
            + [0xBD, 0x06, 1, 2, 3, 4]
        let frame = try MessageFrame(header: (known + unknown)[...], payloads: FrameTests.full.payload)
        #expect(frame.envelope == FrameTests.full)
    }
}

/// Chance that can be repeated.
private struct SplitMix: RandomNumberGenerator {
    private var base: SplitMix64

    init(state: UInt64) { base = SplitMix64(seed: state) }

    mutating func next() -> UInt64 { base.next() }

    mutating func text() -> String {
        let length = [0, 0, 1, 5, 127, 128, 300].randomElement(using: &self) ?? 0
        return String((0..<length).map { _ in "aß→\u{1F600}z".randomElement(using: &self) ?? "x" })
    }

    mutating func number() -> Int64 {
        [0, 1, -1, 63, 64, 127, 128, 1 << 31, -1 << 31, .max, .min, Int64(truncatingIfNeeded: next())]
            .randomElement(using: &self) ?? 0
    }

    mutating func envelope() -> Envelope {
        let body = [UInt8](repeating: 1, count: Int.random(in: 0...200, using: &self))[...]
        let progresses: [Progress] = [
            .waiting, .ended(.released), .ended(.parked(afterMilliseconds: number())),
            .ended(.deadLetter(reason: text())),
            .ended(.result(.answer(statusCode: Int(Int32(truncatingIfNeeded: number())), body: body))),
            .ended(.result(.failure(ErrorCode.allCases.randomElement(using: &self) ?? .cancelled, message: text()))),
            .failed(
                FailedAttempt(
                    statusCode: Bool.random(using: &self) ? Int(Int32(truncatingIfNeeded: number())) : nil, body: body,
                    reason: text(), retryAfterMilliseconds: Bool.random(using: &self) ? number() : nil,
                    isUnreached: Bool.random(using: &self),
                    isEvicted: Bool.random(using: &self))),
        ]
        return Envelope(
            id: text(), queue: text(), pool: Bool.random(using: &self) ? text() : "",
            tier: Int.random(in: 0...6, using: &self), model: Bool.random(using: &self) ? text() : "",
            receipt: Receipt(text()),
            resultDestination: text(),
            requestToken: Bool.random(using: &self) ? text() : nil, url: text(),
            headers: (0..<Int.random(in: 0...4, using: &self)).map { _ in HeaderField(text(), text()) },
            deadline: number(), failedAttempts: Int(UInt32(truncatingIfNeeded: number())),
            deliveries: Int(UInt32(truncatingIfNeeded: number())), losses: Int(UInt32(truncatingIfNeeded: number())),
            isBase64: Bool.random(using: &self), leasedAt: number(),
            publishedAt: Bool.random(using: &self) ? 0 : number(),
            store: UInt64(bitPattern: number()),
            charges: (0..<Int.random(in: 0...3, using: &self)).map { _ in text() },
            tokens: TokenUsage(
                prompt: Int(number()), completion: Bool.random(using: &self) ? 0 : Int(number())),
            payload: [UInt8](repeating: 2, count: Int.random(in: 0...500, using: &self))[...],
            progress: progresses.randomElement(using: &self) ?? .waiting)
    }
}
