internal import CCurl
import Glibc

extension Exchange {
    /// What stays the same from exchange to exchange.
    func configure(_ options: HTTPClientOptions, _ multi: Multi) {
        let this = Unmanaged.passUnretained(self).toOpaque()
        ccurl_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText)
        ccurl_set_pointer(easy, CURLOPT_WRITEDATA, this)
        ccurl_set_pointer(easy, CURLOPT_HEADERDATA, this)
        ccurl_set_pointer(easy, CURLOPT_READDATA, this)
        ccurl_set_pointer(easy, CURLOPT_SEEKDATA, this)
        ccurl_set_pointer(easy, CURLOPT_PREREQDATA, this)
        ccurl_set_pointer(easy, CURLOPT_SOCKOPTDATA, this)
        ccurl_set_pointer(easy, CURLOPT_DEBUGDATA, this)
        ccurl_set_close(easy) { context, descriptor in
            guard let context else { return -1 }
            Unmanaged<Multi>.fromOpaque(context).takeUnretainedValue().drop(descriptor)
            return 0
        }
        // Connections outlive exchanges; the multi handle outlives both.
        ccurl_set_pointer(easy, CURLOPT_CLOSESOCKETDATA, Unmanaged.passUnretained(multi).toOpaque())
        set(method)
        set(CURLOPT_NOSIGNAL, 1)
        // A transfer that ends while its host's name is being looked up leaves the thread that does it to itself,
        // instead of stopping this one until the name server has answered.
        set(CURLOPT_QUICK_EXIT, 1)
        set(CURLOPT_TCP_NODELAY, 1)
        // An inference may be silent for minutes; something between us and the gateway may forget the connection.
        set(CURLOPT_TCP_KEEPALIVE, 1)
        set(CURLOPT_TCP_KEEPIDLE, 30)
        set(CURLOPT_TCP_KEEPINTVL, 15)
        set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
        set(CURLOPT_HTTP09_ALLOWED, 0)
        set(CURLOPT_FOLLOWLOCATION, 0)
        ccurl_set_text(easy, CURLOPT_PROTOCOLS_STR, "http,https")
        configure(options.proxy)
        ccurl_set_text(easy, CURLOPT_USERAGENT, options.userAgent)
    }

    private func configure(_ proxy: HTTPProxy) {
        // The proxy's own answer to CONNECT is none to a request.
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        switch proxy {
        case .none: ccurl_set_text(easy, CURLOPT_PROXY, "")
        case .url(let url):
            ccurl_set_text(easy, CURLOPT_PROXY, url)
            ccurl_set_text(easy, CURLOPT_NOPROXY, "")
        case .environment: break
        }
    }

    func configure(_ tls: TLSOptions) {
        set(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
        if tls.skipsVerification {
            set(CURLOPT_SSL_VERIFYPEER, 0)
            set(CURLOPT_SSL_VERIFYHOST, 0)
        }
        // The system's authorities stay: Debian's libcurl reads them from CURLOPT_CAPATH as well.
        if let file = tls.caCertificateFile { ccurl_set_text(easy, CURLOPT_CAINFO, file) }
        if let file = tls.certificateFile { ccurl_set_text(easy, CURLOPT_SSLCERT, file) }
        if let file = tls.keyFile { ccurl_set_text(easy, CURLOPT_SSLKEY, file) }
    }

    func set(_ method: HTTPMethod) {
        switch method {
        case .get: set(CURLOPT_HTTPGET, 1)
        case .post: set(CURLOPT_POST, 1)
        }
    }

    func set(_ option: CURLoption, _ value: Int) { ccurl_set_long(easy, option, value) }
}
