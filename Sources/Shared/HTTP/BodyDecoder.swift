/// Takes the content codings off a body, and knows whether it came whole.
///
/// libcurl 7.88 could do it too, but takes a gzip stream that ends early for a whole one, and says of a coding it does not
/// know only that a write failed.
///
/// Source: RFC 9110, section 8.4.
struct BodyDecoder {
    /// What servers are told; they may answer with anything else all the same.
    static let accepted = "gzip, deflate"
    /// Codings one over another; more make no sense.
    private static let maxLayers = 4

    private let names: String
    /// The outermost first.
    private let layers: [Inflater]

    /// - Parameter codings: in the order they were applied, in small letters.
    /// - Throws: a problem of the kind `undecodable` for codings that nobody here understands.
    init(_ codings: [String]) throws(AnswerHead.Problem) {
        names = String(codings.joined(separator: ", ").prefix(100))
        let areKnown = codings.allSatisfy { ["gzip", "x-gzip", "deflate"].contains($0) }
        guard areKnown, codings.count <= Self.maxLayers else {
            throw AnswerHead.Problem(
                kind: .undecodable, reason: "it has the Content-Encoding \(names), which is not understood")
        }
        layers = codings.reversed().map { Inflater(isGzip: $0 != "deflate") }
    }

    /// Decodes the next bytes and adds them to `body`.
    ///
    /// - Parameter limit: bytes of `body`, and of what one layer makes of these bytes.
    func decode(
        _ bytes: UnsafeRawBufferPointer, into body: inout [UInt8], limit: Int
    ) throws(AnswerHead.Problem) {
        do throws(Inflater.Failure) {
            try decode(bytes, from: 0, into: &body, limit: limit)
        } catch {
            throw problem(error, limit: limit)
        }
    }

    private func decode(
        _ bytes: UnsafeRawBufferPointer, from layer: Int, into body: inout [UInt8], limit: Int
    ) throws(Inflater.Failure) {
        if layer == layers.count - 1 { return try layers[layer].inflate(bytes, into: &body, limit: limit) }
        var inner: [UInt8] = []
        try layers[layer].inflate(bytes, into: &inner, limit: limit)
        let result = inner.withUnsafeBytes { bytes in
            Result { () throws(Inflater.Failure) in try decode(bytes, from: layer + 1, into: &body, limit: limit) }
        }
        try result.get()
    }

    /// The body is over.
    ///
    /// - Throws: when the data in it is not.
    func finish() throws(AnswerHead.Problem) {
        guard layers.allSatisfy(\.isAtEnd) else {
            throw AnswerHead.Problem(
                kind: .connectionLost, reason: "the body is whole, but the \(names) data in it ends early")
        }
    }

    private func problem(_ failure: Inflater.Failure, limit: Int) -> AnswerHead.Problem {
        switch failure {
        case .tooLarge: AnswerHead.Problem(kind: .responseTooLarge, reason: "the answer is larger than \(limit) bytes")
        case .broken(let reason):
            AnswerHead.Problem(
                kind: .undecodable, reason: "it has the Content-Encoding \(names), but cannot be decoded: \(reason)")
        }
    }
}
