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
    /// What has come of the answer's body.
    var answer: [UInt8] = []
    var isTooLarge = false
    var hasAllHeaders = false
    /// The answer is whole, whatever libcurl waits for.
    var isWhole = false
    /// Bytes of the request's body that libcurl has taken, where it asks for them piece by piece.
    var bodyOffset = 0
    /// Requests begun.
    ///
    /// libcurl repeats one on a new connection by itself when a kept connection ends without an answer,
    /// though the gateway may have worked on it: that is a second attempt, and ours to decide. On HTTP/2 a server
    /// says that it did not (REFUSED_STREAM, GOAWAY) in the normal course of things, so there one repeat is allowed.
    var requestsBegun = 0
    var allowedRequests = 1
    private(set) var redirects = 0

    private let slot: Int
    private let multi: Multi

    init(_ options: HTTPClientOptions, slot: Int, multi: Multi) {
        self.slot = slot
        self.multi = multi
        guard let easy = curl_easy_init() else { preconditionFailure("curl_easy_init: out of memory") }
        self.easy = easy
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        ccurl_set_pointer(easy, CURLOPT_PRIVATE, UnsafeRawPointer(bitPattern: slot + 1))
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
    func prepare(_ request: HTTPRequest, timeout: Duration, connectTimeout: Duration) throws(HTTPError) {
        self.request = request
        guard hasHTTPScheme(request.url) else { throw failure(.invalidRequest, "the URL is neither http nor https") }
        if request.headers != headerFields || headers == nil { try setHeaders(request.headers) }
        let milliseconds = max(1, timeout.milliseconds)
        set(CURLOPT_TIMEOUT_MS, milliseconds)
        set(CURLOPT_CONNECTTIMEOUT_MS, min(milliseconds, connectTimeout.milliseconds))
        // Over TLS the handshake says whether a second request can share the connection, and waiting for it pays. In
        // plain text only the first answer says so, and waiting for that would make the exchanges go one by one.
        set(CURLOPT_PIPEWAIT, request.isSecure ? 1 : 0)
        ccurl_set_size(easy, CURLOPT_MAXFILESIZE_LARGE, curl_off_t(request.maxResponseBytes))
        let code = ccurl_set_text(easy, CURLOPT_URL, request.url)
        guard code == CURLE_OK else { throw failure(.invalidRequest, text(code)) }
        if request.method != method {
            method = request.method
            set(method)
        }
        if method == .post { setBody(request.body) }
        errorText.pointee = 0
        answer = []
        isTooLarge = false
        hasAllHeaders = false
        isWhole = false
        requestsBegun = 0
    }

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

    /// Counts a redirect.
    func noteRedirect() { redirects += 1 }

    /// Drops what the exchange held.
    func clear() {
        request = nil
        answer = []
        redirects = 0
    }

    // MARK: - The end of an exchange

    func failure(_ kind: HTTPError.Kind, _ reason: String) -> HTTPError {
        HTTPError(kind, "\(method.rawValue) \(redacted(request?.url ?? ""))", reason)
    }

    func failure(_ code: CURLcode) -> HTTPError {
        if isTooLarge || code == CURLE_FILESIZE_EXCEEDED {
            let limit = request?.maxResponseBytes ?? 0
            return failure(.responseTooLarge, "the answer is larger than \(limit) bytes")
        }
        if code == CURLE_ABORTED_BY_CALLBACK {
            return failure(.connectionLost, "the connection ended without an answer")
        }
        let said = String(cString: errorText)
        return failure(HTTPError.Kind(code, wasSent: requestsBegun > 0), said.isEmpty ? text(code) : said)
    }

    func response(keeping names: [String]) -> HTTPResponse {
        var response = HTTPResponse(statusCode: statusCode, body: answer[...])
        answer = []
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
        guard hasAllHeaders, !isWhole, usedHTTP2 else { return }
        var (length, received): (curl_off_t, curl_off_t) = (-1, 0)
        ccurl_get_size(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length)
        ccurl_get_size(easy, CURLINFO_SIZE_DOWNLOAD_T, &received)
        guard length == received else { return }
        isWhole = true
        multi.answered.append(slot)
    }

    /// Where a 307 or 308 sends the request; `nil` for any other answer.
    var redirectTarget: String? {
        guard [307, 308].contains(statusCode) else { return nil }
        var url: UnsafePointer<CChar>?
        ccurl_get_text(easy, CURLINFO_REDIRECT_URL, &url)
        return url.map { String(cString: $0) }.flatMap { hasHTTPScheme($0) ? $0 : nil }
    }

    /// Whether the last answer came over HTTP/2.
    var usedHTTP2: Bool {
        var version = 0
        ccurl_get_long(easy, CURLINFO_HTTP_VERSION, &version)
        return version == CURL_HTTP_VERSION_2_0
    }

    private var statusCode: Int {
        var status = 0
        ccurl_get_long(easy, CURLINFO_RESPONSE_CODE, &status)
        return status
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

extension HTTPRequest {
    fileprivate var isSecure: Bool { url.prefix(5).lowercased() == "https" }
}

extension Duration {
    /// Whole milliseconds, rounded up, clamped to what libcurl takes (24 days).
    fileprivate var milliseconds: Int {
        let (seconds, attoseconds) = components
        if seconds >= 2_000_000 { return 2_000_000_000 }
        return Int(seconds) * 1000 + Int((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
