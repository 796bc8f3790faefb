import Glibc

/// How a client connects.
package struct HTTPClientOptions: Sendable {
    /// Idle connections kept for reuse; make it the number of exchanges at once.
    package var maxIdleConnections: Int
    /// For the name, the connection and TLS together.
    package var connectTimeout: Duration
    /// A connection is given up when nothing of what was sent has been confirmed for this long; `nil`: the system's
    /// quarter of an hour.
    ///
    /// For servers that all exchanges share one HTTP/2 connection to: libcurl goes on using it after an exchange on it has
    /// timed out.
    ///
    /// Source: tcp(7), TCP_USER_TIMEOUT
    package var unconfirmedTimeout: Duration?
    /// Names of the answer's headers worth keeping.
    package var responseHeaders: [String]
    package var userAgent: String
    package var proxy: HTTPProxy
    package var tls: TLSOptions

    package init(
        maxIdleConnections: Int = 8, connectTimeout: Duration = .seconds(10), unconfirmedTimeout: Duration? = nil,
        responseHeaders: [String] = [], userAgent: String = "async-processor", proxy: HTTPProxy = .none,
        tls: TLSOptions = TLSOptions()
    ) {
        self.maxIdleConnections = maxIdleConnections
        self.connectTimeout = connectTimeout
        self.unconfirmedTimeout = unconfirmedTimeout
        self.responseHeaders = responseHeaders
        self.userAgent = userAgent
        self.proxy = proxy
        self.tls = tls
    }
}

/// What stands between us and the servers.
package enum HTTPProxy: Sendable, Equatable {
    /// Nothing, whatever the environment says.
    case none
    /// As the variables `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy` say; those but the first in capitals too.
    case environment
    /// This one for every server.
    case url(String)

    /// `none`, `environment` or a URL; to be called at the start of a process, since it may set a variable.
    ///
    /// libcurl reads HTTP_PROXY only in small letters: in a CGI program the other would be the header Proxy of somebody's
    /// request. A program that is told to use its environment is none.
    package init(setting: String) {
        switch setting {
        case "none": self = .none
        case "environment":
            self = .environment
            if let url = getenv("HTTP_PROXY") { setenv("http_proxy", url, 0) }
        default: self = .url(setting)
        }
    }
}

/// Whom to trust and who we are.
///
/// Files are PEM, are read when a connection is made, and are looked at when the client is made.
package struct TLSOptions: Sendable {
    /// Trusted besides the system's authorities.
    package var caCertificateFile: String?
    /// Our certificate and its key; both or neither.
    package var certificateFile: String?
    package var keyFile: String?
    /// Talk to anybody.
    package var skipsVerification: Bool

    package init(
        caCertificateFile: String? = nil, certificateFile: String? = nil, keyFile: String? = nil,
        skipsVerification: Bool = false
    ) {
        self.caCertificateFile = caCertificateFile
        self.certificateFile = certificateFile
        self.keyFile = keyFile
        self.skipsVerification = skipsVerification
    }

    /// A bad file is better found at start than at the first handshake.
    func check() throws(HTTPError) {
        guard (certificateFile == nil) == (keyFile == nil) else {
            throw HTTPError(.invalidOption, "TLS", "a client certificate and its key come together, and one is missing")
        }
        try check(caCertificateFile, contains: "CERTIFICATE-----")
        try check(certificateFile, contains: "CERTIFICATE-----")
        try check(keyFile, contains: "PRIVATE KEY-----")
    }

    private func check(_ path: String?, contains marker: String) throws(HTTPError) {
        guard let path else { return }
        guard let text = contents(of: path, limit: 16 << 20) else {
            throw HTTPError(.invalidOption, "TLS file \(path)", "cannot be read: \(errorText())")
        }
        guard String(decoding: text, as: UTF8.self).contains(marker) else {
            throw HTTPError(.invalidOption, "TLS file \(path)", "has no PEM block ending in \(marker)")
        }
    }
}
