internal import CCurl
import Glibc

/// What libcurl does not say about the TLS layer of a connection, asked of OpenSSL itself.
///
/// libcurl's own word for "HTTP/2" is what a status line claims, and what OpenSSL has decrypted and nobody has read shows
/// on no descriptor. The two functions are found in the process, which has OpenSSL in it through libcurl: its headers
/// would be needed for nothing else.
///
/// Source: CURLINFO_TLS_SSL_PTR(3), SSL_get0_alpn_selected(3), SSL_pending(3).
enum TLSLayer {
    private typealias SelectedProtocol =
        @convention(c) (
            UnsafeRawPointer, UnsafeMutablePointer<UnsafePointer<UInt8>?>, UnsafeMutablePointer<CUnsignedInt>
        ) -> Void
    private typealias Pending = @convention(c) (UnsafeRawPointer) -> CInt

    private static let selectedProtocol = dlsym(nil, "SSL_get0_alpn_selected")
        .map { unsafeBitCast($0, to: SelectedProtocol.self) }
    private static let pending = dlsym(nil, "SSL_pending").map { unsafeBitCast($0, to: Pending.self) }

    /// Whether libcurl was built with another TLS library: then HTTP/2 is not used, and no connection twice.
    static let isOpaque: Bool = {
        guard selectedProtocol != nil, pending != nil, let easy = curl_easy_init() else { return true }
        defer { curl_easy_cleanup(easy) }
        return ccurl_uses_openssl(easy) == 0
    }()

    /// OpenSSL's name for the connection of a transfer under way; `nil` in plain text.
    static func connection(_ easy: UnsafeMutableRawPointer) -> UnsafeRawPointer? {
        ccurl_get_openssl(easy).map { UnsafeRawPointer($0) }
    }

    /// Whether HTTP/2 was negotiated on the connection of a transfer under way.
    static func hasNegotiatedHTTP2(_ easy: UnsafeMutableRawPointer) -> Bool {
        guard let selectedProtocol, let tls = ccurl_get_openssl(easy) else { return false }
        var name: UnsafePointer<UInt8>?
        var length: CUnsignedInt = 0
        selectedProtocol(tls, &name, &length)
        return length == 2 && name?[0] == UInt8(ascii: "h") && name?[1] == UInt8(ascii: "2")
    }

    /// Whether something has been decrypted that nobody has read.
    static func hasUnreadBytes(_ easy: UnsafeMutableRawPointer) -> Bool {
        guard let pending, let tls = ccurl_get_openssl(easy) else { return false }
        return pending(tls) > 0
    }
}
