internal import CCurl
import Messages

/// One easy handle of libcurl with the state of the exchange it carries out; used again for exchange after exchange.
///
/// libcurl's callbacks work on this object and on nothing else, so they need to know nothing about actors. It must not
/// move or go while its handle is in a multi handle: `HTTPClient` keeps all of them.
final class Exchange {
    let easy: UnsafeMutableRawPointer
    /// What libcurl says about a failure, CURL_ERROR_SIZE bytes.
    let errorText: UnsafeMutablePointer<CChar>
    /// The headers of the last exchange; the next one often has the same.
    private var headers: HeaderList?
    private var headerFields: [HeaderField] = []

    /// What the handle is set to.
    private(set) var method = HTTPMethod.post
    private(set) var request: HTTPRequest?
    /// Whether the request goes out over TLS.
    private(set) var isSecure = false
    private var canUseHTTP2 = false
    private var waitsToShare = false
    private var isFresh = false
    /// libcurl shows the bytes of bodies.
    var isVerbose = false
    /// libcurl closes the connection after this exchange.
    var isLast = false

    /// What has come of the answer.
    var head = AnswerHead(isHTTP2: false)
    /// Bytes of the heads, without trailers.
    var headByteCount = 0
    var answer: [UInt8] = []
    var chunks = ChunkScanner()
    var decoder: BodyDecoder?
    /// libcurl reads no more of the answer until there is room.
    var isPaused = false
    /// Why the answer is not taken, whatever libcurl says.
    var problem: AnswerHead.Problem?
    /// The answer is whole, whatever libcurl waits for.
    var isWhole = false
    /// Bytes of the request's body that libcurl has taken, where it asks for them piece by piece.
    var bodyOffset = 0

    /// Whether HTTP/2 was negotiated on the connection that is used.
    var isHTTP2 = false
    /// The connection that is used, once libcurl has said so.
    var descriptor: CInt?
    /// Which one of all that had this descriptor.
    var connectionSerial: UInt64?
    /// Nothing was sent, since the connection that libcurl chose may not be used any more.
    var isStale = false
    /// Times that a request was begun.
    var requestsBegun = 0
    /// Somebody wants to know when it has a connection.
    var tellsWhenBegun = false
    /// Milliseconds; 0 for the system's own limit.
    let unconfirmedMilliseconds: Int
    private(set) var redirects = 0

    let slot: Int
    let multi: Multi

    init(_ options: HTTPClientOptions, slot: Int, multi: Multi) {
        self.slot = slot
        self.multi = multi
        unconfirmedMilliseconds = Int(clamping: (options.unconfirmedTimeout ?? .zero).wholeMilliseconds)
        guard let easy = curl_easy_init() else { preconditionFailure("curl_easy_init: out of memory") }
        self.easy = easy
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        ccurl_set_pointer(easy, CURLOPT_PRIVATE, Unmanaged.passUnretained(self).toOpaque())
        configure(options, multi)
        configure(options.tls)
        setCallbacks()
    }

    deinit {
        curl_easy_cleanup(easy)
        errorText.deallocate()
    }

    /// Makes the handle ready for `request`, with at most `timeout` to go.
    ///
    /// Only what differs from exchange to exchange is set: nothing else changes in between.
    ///
    /// - Parameters:
    ///   - mayUseHTTP2: where the server takes it over TLS.
    ///   - waitsToShare: for a connection that another exchange makes to the same server, if HTTP/2 may be used.
    ///   - isFresh: on a new connection.
    ///   - isAlone: on a new connection, and the only one on it.
    func prepare(
        _ request: HTTPRequest, timeout: Duration, connectTimeout: Duration, mayUseHTTP2: Bool,
        waitsToShare: Bool, isFresh: Bool, isAlone: Bool
    ) throws(HTTPError) {
        self.request = request
        guard hasHTTPScheme(request.url) else { throw failure(.invalidRequest, "the URL is neither http nor https") }
        if request.headers != headerFields || headers == nil { try setHeaders(request.headers) }
        let milliseconds = max(1, timeout.wholeMilliseconds)
        set(CURLOPT_TIMEOUT_MS, milliseconds)
        set(CURLOPT_CONNECTTIMEOUT_MS, max(1, min(milliseconds, connectTimeout.wholeMilliseconds)))
        isSecure = hasTLS(request.url)
        setVersion(isSecure && mayUseHTTP2 && !TLSLayer.isOpaque, waitsToShare)
        ccurl_set_size(easy, CURLOPT_MAXFILESIZE_LARGE, curl_off_t(max(1, request.maxResponseBytes)))
        let code = ccurl_set_text(easy, CURLOPT_URL, request.url)
        guard code == CURLE_OK else { throw failure(.invalidRequest, text(code)) }
        if request.method != method {
            method = request.method
            set(method)
        }
        if method == .post { setBody(request.body) }
        errorText.pointee = 0
        reset(isFresh: isFresh || isAlone)
        if isAlone { closeAfterwards() }
    }

    private func reset(isFresh: Bool) {
        if isFresh != self.isFresh { set(CURLOPT_FRESH_CONNECT, isFresh ? 1 : 0) }
        if isVerbose { set(CURLOPT_VERBOSE, 0) }
        if isLast { set(CURLOPT_FORBID_REUSE, 0) }
        self.isFresh = isFresh
        (isVerbose, isLast, isStale, isWhole, isHTTP2) = (false, false, false, false, false)
        head = AnswerHead(isHTTP2: false)
        dropAnswer()
        isPaused = false
        chunks = ChunkScanner()
        decoder = nil
        problem = nil
        forgetConnection()
        requestsBegun = 0
    }

    private func forgetConnection() {
        if let connectionSerial { _ = multi.connections.wasUnheard(connectionSerial) }
        (descriptor, connectionSerial) = (nil, nil)
    }

    /// In plain text HTTP/1.1 is spoken, and over TLS HTTP/2 where the handshake says so.
    ///
    /// The handshake says too whether a second request can share the connection, and waiting for it pays.
    private func setVersion(_ canUseHTTP2: Bool, _ waitsToShare: Bool) {
        let waitsToShare = canUseHTTP2 && waitsToShare
        if waitsToShare != self.waitsToShare { set(CURLOPT_PIPEWAIT, waitsToShare ? 1 : 0) }
        self.waitsToShare = waitsToShare
        guard canUseHTTP2 != self.canUseHTTP2 else { return }
        self.canUseHTTP2 = canUseHTTP2
        set(CURLOPT_HTTP_VERSION, canUseHTTP2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1)
    }

    /// No request has gone out, though there may be a connection that is being made.
    var isWaitingToShare: Bool { waitsToShare && requestsBegun == 0 }

    private func setHeaders(_ fields: [HeaderField]) throws(HTTPError) {
        do throws(InvalidRequest) {
            let list = try HeaderList.make(fields)
            ccurl_set_list(easy, CURLOPT_HTTPHEADER, list.head)
            headers = consume list
            headerFields = fields
        } catch {
            throw failure(.invalidRequest, error.reason)
        }
    }

    /// The exchange that has a handle; it lives as long as the handle is in a multi handle.
    static func of(_ easy: UnsafeMutableRawPointer?) -> Exchange? {
        guard let easy else { return nil }
        var exchange: UnsafeMutableRawPointer?
        ccurl_get_pointer(easy, CURLINFO_PRIVATE, &exchange)
        return exchange.map { Unmanaged<Exchange>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Counts a redirect.
    func noteRedirect() { redirects += 1 }

    private func dropAnswer() {
        multi.bodies.left(answer.count, slot: slot)
        answer = []
    }

    /// Drops what the exchange held.
    func clear() {
        forgetConnection()
        request = nil
        isPaused = false
        dropAnswer()
        decoder = nil
        redirects = 0
    }

    // MARK: - The end of an exchange

    func failure(_ kind: HTTPError.Kind, _ reason: String) -> HTTPError {
        HTTPError(
            kind, "\(method.rawValue) \(redacted(request?.url ?? ""))", reason,
            statusCode: head.isComplete ? head.status : nil, wasBegun: requestsBegun > 0 || redirects > 0)
    }

    func failure(_ code: CURLcode) -> HTTPError {
        if let problem { return failure(problem.kind, problem.reason) }
        if code == CURLE_FILESIZE_EXCEEDED {
            return failure(.responseTooLarge, "the answer is larger than \(request?.maxResponseBytes ?? 0) bytes")
        }
        if code == CURLE_ABORTED_BY_CALLBACK {
            return failure(.connectionLost, "the connection ended without an answer")
        }
        // libcurl's buffer for a line is full, for which it has no words of its own.
        if code == CURLE_OUT_OF_MEMORY, requestsBegun > 0 {
            return failure(.responseTooLarge, "a header of the answer is longer than the 100 KiB that libcurl takes")
        }
        let said = String(cString: errorText)
        return failure(HTTPError.Kind(code, wasSent: requestsBegun > 0), said.isEmpty ? text(code) : said)
    }

    /// What is wrong with an answer that libcurl takes for whole.
    func problemAtTheEnd() -> AnswerHead.Problem? {
        if let problem { return problem }
        guard head.isComplete else {
            return AnswerHead.Problem(kind: .connectionLost, reason: "the answer ended among its headers")
        }
        if isVerbose, !chunks.isAtEnd {
            return AnswerHead.Problem(kind: .connectionLost, reason: "the answer ended among its chunks")
        }
        do throws(AnswerHead.Problem) { try decoder?.finish() } catch { return error }
        return cut.map { AnswerHead.Problem(kind: .connectionLost, reason: $0) }
    }

    func response(keeping names: [String]) -> HTTPResponse {
        var response = HTTPResponse(statusCode: head.status, body: answer[...])
        dropAnswer()
        for name in names {
            var header: UnsafeMutablePointer<curl_header>?
            guard curl_easy_header(easy, name, 0, UInt32(CURLH_HEADER), -1, &header) == CURLHE_OK,
                let value = header?.pointee.value
            else { continue }
            response.headers.append(HeaderField(name, String(cString: value)))
        }
        var microseconds: curl_off_t = 0
        ccurl_get_size(easy, CURLINFO_TOTAL_TIME_T, &microseconds)
        response.totalTime = .microseconds(microseconds)
        return response
    }

    /// Tells the client when the answer is whole though libcurl may not say so.
    ///
    /// An HTTP/2 server may answer without having read the request. libcurl 7.88 then waits for ever for room to send
    /// the rest of it.
    func noteWhetherWhole() {
        guard isHTTP2, head.isComplete, !isWhole else { return }
        var (length, received): (curl_off_t, curl_off_t) = (-1, 0)
        ccurl_get_size(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length)
        ccurl_get_size(easy, CURLINFO_SIZE_DOWNLOAD_T, &received)
        guard length == received else { return }
        isWhole = true
        multi.answered.append(slot)
    }

    /// Where a 307 or 308 sends the request; `nil` for any other answer.
    var redirectTarget: String? {
        guard [307, 308].contains(head.status) else { return nil }
        var url: UnsafePointer<CChar>?
        ccurl_get_text(easy, CURLINFO_REDIRECT_URL, &url)
        return url.map { String(cString: $0) }.flatMap { hasHTTPScheme($0) ? $0 : nil }
    }

    // MARK: - Its body

    /// Bodies up to this size travel in the same segment as the headers; libcurl copies them, which costs less than a
    /// second system call.
    private static let maxCopiedBody = 32 << 10

    private func setBody(_ body: Bytes) {
        bodyOffset = 0
        ccurl_set_size(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
        if body.count <= Self.maxCopiedBody {
            _ = body.withUnsafeBytes {
                ccurl_set_pointer(easy, CURLOPT_COPYPOSTFIELDS, $0.baseAddress ?? UnsafeRawPointer(errorText))
            }
        } else {
            ccurl_set_pointer(easy, CURLOPT_POSTFIELDS, nil)
        }
    }
}

extension Duration {
    /// Rounded up, clamped to what libcurl takes (24 days).
    fileprivate var wholeMilliseconds: Int {
        let (seconds, attoseconds) = components
        if seconds >= 2_000_000 { return 2_000_000_000 }
        if seconds < 0 { return 0 }
        return Int(seconds) * 1000 + Int((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
