package import Messages

/// What fits into a frame, and what becomes of a request that does not.
extension Envelope {
    /// How large its frame may be, bytes; no less than what `MessageFrame.encoded` gives.
    package var frameSizeLimit: Int { headerSizeLimit + payload.count + body.count }

    /// The same of everything but the payloads.
    private var headerSizeLimit: Int {
        var size = Frame.prefixLength + 256
        size += id.utf8.count + queue.utf8.count + receipt.bytes.count + resultDestination.utf8.count + url.utf8.count
        size += (requestToken?.utf8.count ?? 0) + pool.utf8.count + model.utf8.count
        for charge in charges { size += charge.utf8.count + 8 }
        for field in headers { size += field.name.utf8.count + field.value.utf8.count + 12 }
        switch progress {
        case .failed(let attempt): size += attempt.reason.utf8.count
        case .ended(.deadLetter(let reason)): size += reason.utf8.count
        case .ended(.result(.failure(_, let message))): size += message.utf8.count
        default: break
        }
        return size
    }

    /// Why no frame carries it; `nil` if one does.
    ///
    /// What has not ended leaves room for the words in which it may.
    private var obstacle: String? {
        if headers.count > WireRange.headerFields {
            return "the request has \(headers.count) headers, a link carries \(WireRange.headerFields)"
        }
        let name = max(id.utf8.count, resultDestination.utf8.count)
        if name > WireRange.name {
            return "the id or the destination has \(name) bytes, a link carries \(WireRange.name)"
        }
        for (what, name) in [("queue", queue), ("pool", pool)] where name.utf8.count > WireRange.queue {
            return "the \(what)'s name has \(name.utf8.count) bytes, a link carries \(WireRange.queue)"
        }
        let header = headerSizeLimit
        var most = Frame.maxHeaderLength
        if case .ended = progress {} else { most -= 2 * Self.maxText }
        if header > most { return "the request has \(header) bytes beside its payload, a link carries \(most)" }
        let size = header + payload.count + body.count
        return size > Frame.maxSize ? "the message has \(size) bytes, a link carries \(Frame.maxSize)" : nil
    }

    /// Bytes of a reason in a message that was too large.
    private static var maxText: Int { 64 << 10 }

    /// This envelope, if a link carries it, or else one that says why not and ends the request; `nil` if not even the
    /// proof of its lease fits.
    package func carried() -> Envelope? {
        guard let obstacle else { return self }
        var ended = self
        ended.endUncarried(obstacle)
        return ended.obstacle == nil ? ended : nil
    }

    /// Ends the request with what is wrong with its message; what has ended before keeps its end, in fewer words.
    package mutating func endUncarried(_ obstacle: String) {
        url = ""
        headers = []
        switch progress {
        case .ended(.deadLetter(let reason)): end(.deadLetter(reason: Self.shortened(reason)))
        case .ended(.result(.failure(let code, let message))):
            end(.result(.failure(code, message: Self.shortened(message))))
        case .ended(.parked), .ended(.released): break
        case .waiting, .failed, .ended(.result(.answer)):
            end(.result(.failure(.inferenceError, message: obstacle)))
        }
        // Where a result would go, and under which name, has to be whole: without, it is one for the operator.
        if id.utf8.count > WireRange.name || resultDestination.utf8.count > WireRange.name {
            if id.utf8.count > WireRange.name { id = "" }
            if resultDestination.utf8.count > WireRange.name { resultDestination = "" }
            end(.deadLetter(reason: Self.shortened(obstacle)))
        }
    }

    private static func shortened(_ text: String) -> String {
        text.utf8.count <= maxText ? text : String(decoding: text.utf8.prefix(maxText / 8), as: UTF8.self) + "…"
    }
}
