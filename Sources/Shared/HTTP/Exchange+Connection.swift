internal import CCurl
import Glibc

/// What an exchange has to do with the connection it is on: an answer is the answer to its own request, or none.
extension Exchange {
    /// libcurl makes a connection for this exchange.
    func opens(_ descriptor: CInt) {
        noteConnectionThatEnded()
        multi.making[descriptor] = slot
        multi.opened.append(descriptor)
        guard unconfirmedMilliseconds > 0 else { return }
        var milliseconds = CUnsignedInt(clamping: unconfirmedMilliseconds)
        setsockopt(
            descriptor, CInt(IPPROTO_TCP), TCP_USER_TIMEOUT, &milliseconds,
            socklen_t(MemoryLayout.size(ofValue: milliseconds)))
    }

    /// Decides, when the request is about to be written, whether it may go out on the connection that libcurl has chosen.
    ///
    /// - Parameter localPort: of the connection, if it is new.
    func mayBeginRequest(localPort: CInt) -> Bool {
        requestsBegun += 1
        let wasHTTP2 = isHTTP2
        isHTTP2 = isSecure && TLSLayer.hasNegotiatedHTTP2(easy)
        // libcurl repeats a request on a new connection by itself when a kept connection ends without an answer, though
        // the gateway may have worked on it: that is a second attempt, and ours to decide. Where the gateway has not even
        // got the request, it is none. On HTTP/2 a server says so (REFUSED_STREAM, GOAWAY) in the normal course of
        // things, so there one repeat is allowed.
        if requestsBegun > 1 { noteConnectionThatEnded() }
        let wasUnheard = connectionSerial.map(multi.connections.wasUnheard) == true
        guard requestsBegun == 1 || wasUnheard || (requestsBegun == 2 && wasHTTP2) else { return false }
        multi.connections.requestBegins()
        head = AnswerHead(isHTTP2: isHTTP2)
        let new = multi.takeMade(for: slot, localPort: localPort)
        let tls = isSecure ? TLSLayer.connection(easy) : nil
        if let new { multi.connections.opened(new, isHTTP2: isHTTP2, url: request?.url ?? "", tls: tls) }
        descriptor = new ?? (isHTTP2 ? tls.flatMap { multi.connections.descriptor(tls: $0) } : nil)
        connectionSerial = descriptor.flatMap { multi.connections.serial($0) }
        if let new {
            guard !isHTTP2 else { return true }
            // Over TLS something may lie there that belongs to the handshake (session tickets).
            if isSecure ? TLSLayer.hasUnreadBytes(easy) : hasSpoken(new) {
                problem = AnswerHead.Problem(
                    kind: .connectionLost, reason: "the server spoke, or ended the connection, before it was asked")
                return false
            }
        } else if !isHTTP2 {
            let hasSurplus = TLSLayer.hasUnreadBytes(easy)
            if hasSurplus { noteSurplus() }
            // Which connection libcurl has chosen, it does not say: it may be one of those.
            isStale = multi.connections.dissolveThoseThatSpoke() || hasSurplus
        }
        return !isStale
    }

    /// libcurl has not said which connection it used where that ended while it wrote: it looks for another one at once
    /// then, before anything else happens.
    private func noteConnectionThatEnded() {
        if requestsBegun > 0, connectionSerial == nil { connectionSerial = multi.connections.justEnded() }
    }

    /// The first line of the answer is there.
    ///
    /// What came in before the server's kernel had anything of the request is not the answer to it, but something the
    /// server wrote by itself, such as a 408 to a connection that was idle, or the surplus of the answer before.
    func checkThatItIsAnAnswer() throws(AnswerHead.Problem) {
        guard !isHTTP2 else { return }
        let begin = multi.connections.answerBegins(on: descriptor, url: request?.url ?? "", isSent: isSent)
        descriptor = begin.connection
        guard begin.isCaused else {
            noteSurplus()
            throw AnswerHead.Problem(
                kind: .connectionLost, reason: "the server wrote something before it had the request")
        }
    }

    /// Sees to it that the next answer on this connection is not what this one left.
    func headIsComplete() {
        defer { noteWhetherWhole() }
        guard !isHTTP2 else { return }
        headByteCount = head.byteCount
        if head.mustBeLast || (isSecure && TLSLayer.isOpaque) { closeAfterwards() }
        if head.isChunked, !head.hasNoBody {
            // libcurl shows the bytes of a body as they come only when it is told to say everything.
            set(CURLOPT_VERBOSE, 1)
            isVerbose = true
        } else if head.hasNoBody {
            // libcurl drops what its buffer holds beyond the head.
            let received = isSecure ? nil : descriptor.flatMap { multi.connections.received(on: $0) }
            if received != UInt64(head.byteCount) { closeAfterwards() }
        }
        if head.hasNoBody {
            noteLength(of: 0)
        } else if !head.isChunked, let length = head.contentLength {
            noteLength(of: UInt64(length))
        }
    }

    /// It is known how long the body is, as it travels.
    func noteLength(of body: UInt64) {
        guard let descriptor, multi.connections.answerHas(UInt64(headByteCount) &+ body, on: descriptor) else { return }
        noteSurplus()
        closeAfterwards()
    }

    /// Whether the whole request has been written; over TLS, more than that may be.
    private var isSent: Bool {
        guard !isSecure, method == .post, let size = request?.body.count, size > 0 else { return false }
        var written: curl_off_t = 0
        ccurl_get_size(easy, CURLINFO_SIZE_UPLOAD_T, &written)
        return written == size
    }

    /// Why an answer that does not say where it ends is taken for a part of one; `nil` for any other.
    ///
    /// Over HTTP/2 libcurl 7.88 takes it for an end when a connection breaks in a way that it finds itself (a frame that
    /// makes no sense, say), for every exchange on it, and when the server gives a stream up without an error. And
    /// where the end of the connection is that of the answer, nobody knows why it ended.
    var cut: String? {
        guard !saysWhereItEnds else { return nil }
        if isOpenJSON(answer) { return "the answer ended in the middle of its JSON" }
        guard isDoubtful, let descriptor, let connectionSerial else { return nil }
        return multi.connections.serial(descriptor) == connectionSerial
            ? nil : "the HTTP/2 connection ended with an answer that does not say how long it is"
    }

    /// Only what becomes of the connection says whether the answer is whole.
    var isDoubtful: Bool { isHTTP2 && !saysWhereItEnds && answer.first(where: { $0 > 0x20 }).map(beginsJSON) != true }

    /// Whether two exchanges are on one connection.
    func sharesConnection(with other: Exchange) -> Bool {
        connectionSerial != nil && connectionSerial == other.connectionSerial
    }

    private var saysWhereItEnds: Bool {
        head.hasNoBody || head.isChunked || head.contentLength != nil || decoder != nil || hasLength
    }

    /// Over HTTP/2 nobody but libcurl reads it.
    private var hasLength: Bool {
        var length: curl_off_t = -1
        ccurl_get_size(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length)
        return length >= 0
    }

    /// The server has sent what nobody asked for.
    func noteSurplus() { if let request { multi.connections.noteSurplus(of: request.url) } }

    /// Lets libcurl close the connection when the answer is whole.
    func closeAfterwards() {
        guard !isLast else { return }
        isLast = true
        set(CURLOPT_FORBID_REUSE, 1)
    }
}

private func beginsJSON(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") }

/// Whether a body begins as JSON and ends inside a string, an object or an array; whether it is right otherwise is the
/// reader's business.
func isOpenJSON(_ body: [UInt8]) -> Bool {
    guard let first = body.first(where: { $0 > 0x20 }), beginsJSON(first) else { return false }
    var (depth, isInString, isEscaped) = (0, false, false)
    for byte in body {
        if isInString {
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isInString = false
            }
            continue
        }
        switch byte {
        case UInt8(ascii: "\""): isInString = true
        case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
        default: break
        }
    }
    return isInString || depth > 0
}
