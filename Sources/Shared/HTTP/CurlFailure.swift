internal import CCurl

extension HTTPError.Kind {
    /// - Parameter wasSent: whether a request had gone out on a connection, so that the URL was good.
    init(_ code: CURLcode, wasSent: Bool) {
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: self = .dns
        case CURLE_COULDNT_CONNECT: self = .connect
        case CURLE_OPERATION_TIMEDOUT: self = .timeout
        case CURLE_FILESIZE_EXCEEDED: self = .responseTooLarge
        // Something that speaks, but not HTTP/1.1, is "unsupported" too.
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: self = wasSent ? .connectionLost : .invalidRequest
        case _ where Self.tlsCodes.contains(code.rawValue): self = .tls
        case _ where Self.lostCodes.contains(code.rawValue): self = .connectionLost
        default: self = .other
        }
    }

    private static let tlsCodes = Set(
        [
            CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM,
            CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_CLIENTCERT, CURLE_SSL_INVALIDCERTSTATUS,
            CURLE_USE_SSL_FAILED, CURLE_SSL_ENGINE_NOTFOUND, CURLE_SSL_CRL_BADFILE,
        ].map(\.rawValue))

    /// `CURLE_ABORTED_BY_CALLBACK` is our own refusal to repeat a request on another connection (`Exchange`).
    private static let lostCodes = Set(
        [
            CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE, CURLE_HTTP2,
            CURLE_HTTP2_STREAM, CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING, CURLE_SEND_FAIL_REWIND,
            CURLE_ABORTED_BY_CALLBACK,
        ].map(\.rawValue))
}

/// libcurl's own words for a code.
func text(_ code: CURLcode) -> String { String(cString: curl_easy_strerror(code)) }
func text(_ code: CURLMcode) -> String { String(cString: curl_multi_strerror(code)) }
