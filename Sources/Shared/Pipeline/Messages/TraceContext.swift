/// Names a trace: 16 bytes, which are never all zero.
package struct TraceID: Sendable, Hashable, CustomStringConvertible {
    package let high: UInt64
    package let low: UInt64

    /// `nil` for zero, which names none.
    package init?(high: UInt64, low: UInt64) {
        guard high | low != 0 else { return nil }
        self.high = high
        self.low = low
    }

    package var description: String { hexadecimal(high, digits: 16) + hexadecimal(low, digits: 16) }
}

/// Names a span of a trace: 8 bytes, which are never all zero.
package struct SpanID: Sendable, Hashable, CustomStringConvertible {
    package let number: UInt64

    /// `nil` for zero, which names none.
    package init?(_ number: UInt64) {
        guard number != 0 else { return nil }
        self.number = number
    }

    package var description: String { hexadecimal(number, digits: 16) }
}

/// What a request carries of its trace: which trace it is, and which span has caused what follows.
///
/// Source: W3C Trace Context, sections 3.2 and 3.3.
package struct TraceContext: Sendable, Equatable {
    package var traceID: TraceID
    package var spanID: SpanID
    package var flags: UInt8
    /// What `tracestate` says; empty without one that is passed on.
    package let state: String

    /// Whether the caller has recorded its span.
    package var isSampled: Bool { flags & Self.sampled != 0 }

    package static let sampled: UInt8 = 1
    /// The trace's name is random; passed on as it is (level 2, section 3.2.2.4).
    package static let random: UInt8 = 2

    package static let parentKey = "traceparent"
    package static let stateKey = "tracestate"
    package static let baggageKey = "baggage"

    /// - Parameter state: counts as none where it is not fit to be passed on.
    package init(traceID: TraceID, spanID: SpanID, flags: UInt8, state: String = "") {
        self.traceID = traceID
        self.spanID = spanID
        self.flags = flags
        self.state = !state.isEmpty && HeaderField(Self.stateKey, state).isUsableTrace ? state : ""
    }

    /// Reads `traceparent`; `nil` for what is none, which counts as if nothing stood there.
    package init?(traceparent: String, state: String = "") {
        var text = traceparent
        guard let read = text.withUTF8(Self.read) else { return nil }
        self.init(traceID: read.traceID, spanID: read.spanID, flags: read.flags, state: state)
    }

    /// What the headers of a request say; `nil` without a `traceparent` that can be read.
    package init?(headers: [HeaderField]) {
        guard let parent = headers.first(where: { $0.isNamed(Self.parentKey) }) else { return nil }
        self.init(
            traceparent: parent.value, state: headers.first { $0.isNamed(Self.stateKey) }?.value ?? "")
    }

    /// What the metadata of a request says; `nil` without a `traceparent` that can be read.
    package init?(metadata: [String: String]) {
        guard let parent = metadata[Self.parentKey] else { return nil }
        self.init(traceparent: parent, state: metadata[Self.stateKey] ?? "")
    }

    /// As a header says it.
    package var traceparent: String { "00-\(traceID)-\(spanID)-\(hexadecimal(UInt64(flags), digits: 2))" }

    private static let length = 55

    /// `00-<32 digits>-<16 digits>-<2 digits>`, in small letters; versions after 00 may append more after another dash.
    private static func read(
        _ bytes: UnsafeBufferPointer<UInt8>
    ) -> (traceID: TraceID, spanID: SpanID, flags: UInt8)? {
        let dash = UInt8(ascii: "-")
        guard bytes.count >= length, bytes[2] == dash, bytes[35] == dash, bytes[52] == dash,
            let version = number(bytes[0..<2]), version != 0xFF,
            bytes.count == length || (version > 0 && bytes[length] == dash),
            let high = number(bytes[3..<19]), let low = number(bytes[19..<35]), let span = number(bytes[36..<52]),
            let flags = number(bytes[53..<55]),
            let traceID = TraceID(high: high, low: low), let spanID = SpanID(span)
        else { return nil }
        return (traceID, spanID, UInt8(truncatingIfNeeded: flags))
    }

    /// Of hexadecimal digits in small letters.
    private static func number(_ digits: Slice<UnsafeBufferPointer<UInt8>>) -> UInt64? {
        var number: UInt64 = 0
        for digit in digits {
            guard let value = hexValue(digit), lowercased(digit) == digit else { return nil }
            number = number << 4 | UInt64(value)
        }
        return number
    }
}

extension [HeaderField] {
    /// Names a span as the cause of what is sent with these headers, in the place of the one they name.
    package mutating func carry(_ trace: TraceContext) {
        if let index = firstIndex(where: { $0.isNamed(TraceContext.parentKey) }) {
            self[index].value = trace.traceparent
        } else {
            append(HeaderField(TraceContext.parentKey, trace.traceparent))
        }
    }
}

private func hexadecimal(_ number: UInt64, digits: Int) -> String {
    String(unsafeUninitializedCapacity: digits) { buffer in
        var rest = number
        for index in (0..<digits).reversed() {
            let digit = UInt8(truncatingIfNeeded: rest & 15)
            buffer[index] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
            rest >>= 4
        }
        return digits
    }
}
