import HTTP
import Messages

/// What has become of spans that were sent.
enum ExportAnswer: Equatable {
    /// The collector has them, but for so many that it did not want, and why not.
    case taken(rejected: Int, reason: String)
    /// It may take them another time: why not now, and when, if it has said so.
    case later(reason: String, after: Duration?)
    /// It does not take these together: they are too many bytes for it, or one of them is at fault.
    case unfit(reason: String)
    /// It never will.
    case refused(reason: String)

    /// - Parameter now: Unix seconds.
    ///
    /// Source: OTLP specification 1.9, "OTLP/HTTP Response".
    init(_ result: Result<HTTPResponse, HTTPError>, now: Int64) {
        switch result {
        case .success(let response): self.init(response, now: now)
        case .failure(let error):
            switch error.kind {
            case .dns, .connect, .tls, .timeout, .connectionLost, .cancelled, .other:
                self = .later(reason: error.description, after: nil)
            case .invalidRequest, .invalidOption, .responseTooLarge, .undecodable, .tooManyRedirects:
                self = .refused(reason: error.description)
            }
        }
    }

    private init(_ response: HTTPResponse, now: Int64) {
        switch response.statusCode {
        case 200..<300:
            guard let answer = ExportServiceAnswer(response.body) else {
                self = .refused(
                    reason: "the answer \(response.statusCode) is none of a collector; is it one that listens there?")
                return
            }
            self = .taken(rejected: answer.rejected, reason: answer.reason)
        case 429, 502, 503, 504:
            let pause = response.header("Retry-After").flatMap { RetryAfter.parse($0, now: now) }
            self = .later(
                reason: "the answer is \(response.statusCode)", after: pause.map { .milliseconds($0) })
        case 400, 413: self = .unfit(reason: "the answer is \(response.statusCode)")
        default: self = .refused(reason: "the answer is \(response.statusCode)")
        }
    }
}

/// An `ExportTraceServiceResponse`, as far as it counts here.
///
/// Source: opentelemetry-proto 1.9, `trace_service.proto`: field 1 is a message, whose field 1 says how many spans were
/// rejected and field 2 why.
struct ExportServiceAnswer: Equatable {
    private(set) var rejected = 0
    private(set) var reason = ""

    /// `nil` for what is none.
    ///
    /// JSON is believed, since some write it whatever they were sent.
    init?(_ body: Bytes) {
        if body.first == UInt8(ascii: "{") { return }
        var reader = ProtobufReader(body)
        while !reader.isAtEnd {
            guard let field = reader.next() else { return nil }
            guard case .bytes(1, let part) = field else { continue }
            guard read(part) else { return nil }
        }
    }

    private mutating func read(_ part: Bytes) -> Bool {
        var reader = ProtobufReader(part)
        while !reader.isAtEnd {
            switch reader.next() {
            case nil: return false
            case .number(1, let count): rejected = Int(clamping: Int64(bitPattern: count))
            case .bytes(2, let text): reason = boundedText(String(decoding: text, as: UTF8.self))
            default: break
            }
        }
        rejected = max(0, rejected)
        return true
    }
}

/// Reads the fields of one Protocol Buffers message.
struct ProtobufReader {
    enum Field: Equatable {
        case number(Int, UInt64)
        case bytes(Int, Bytes)
        /// One of a fixed length.
        case other
    }

    private var rest: Bytes

    init(_ bytes: Bytes) { rest = bytes }

    var isAtEnd: Bool { rest.isEmpty }

    /// `nil` for what is no field.
    mutating func next() -> Field? {
        guard let tag = varint(), let field = Int(exactly: tag >> 3), field > 0, field < 1 << 29 else { return nil }
        switch tag & 7 {
        case 0: return varint().map { .number(field, $0) }
        case 1: return skip(8) ? .other : nil
        case 2:
            guard let length = varint().flatMap({ Int(exactly: $0) }), length <= rest.count else { return nil }
            let bytes = rest.prefix(length)
            rest = rest.dropFirst(length)
            return .bytes(field, bytes)
        case 5: return skip(4) ? .other : nil
        default: return nil
        }
    }

    private mutating func skip(_ count: Int) -> Bool {
        guard count <= rest.count else { return false }
        rest = rest.dropFirst(count)
        return true
    }

    private mutating func varint() -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = rest.popFirst() else { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }
}
