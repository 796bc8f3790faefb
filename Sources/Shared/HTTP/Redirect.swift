internal import CCurl
internal import Messages

/// Who answers a URL: scheme, host and port, compared byte by byte.
package struct Origin: Hashable {
    private let parts: [[UInt8]]

    /// `nil` for what libcurl does not take for a URL.
    package init?(_ url: String) {
        guard let handle = curl_url() else { return nil }
        defer { curl_url_cleanup(handle) }
        guard curl_url_set(handle, CURLUPART_URL, url, 0) == CURLUE_OK else { return nil }
        var parts: [[UInt8]] = []
        for part in [CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT] {
            var text: UnsafeMutablePointer<CChar>?
            guard curl_url_get(handle, part, &text, UInt32(CURLU_DEFAULT_PORT)) == CURLUE_OK, let text else {
                return nil
            }
            parts.append(Array(String(cString: text).lowercased().utf8))
            curl_free(text)
        }
        self.parts = parts
    }

    /// Such as `https://gateway:443`.
    package var text: String {
        let parts = parts.map { String(decoding: $0, as: UTF8.self) }
        return "\(parts[0])://\(parts[1]):\(parts[2])"
    }
}

extension HTTPRequest {
    /// The most redirects that are followed in one exchange.
    static let maxRedirects = 10

    /// The same request for another URL.
    ///
    /// What looks like a credential stays behind when somebody else answers there.
    func redirected(to url: String) -> HTTPRequest {
        var request = self
        request.url = url
        if Origin(url) != Origin(self.url) { request.headers.removeAll { $0.isCredential } }
        return request
    }
}

extension HeaderField {
    /// Whether it looks like one: names vary (`Authorization`, `Cookie`, `x-api-key`, `X-Auth-Token`), so parts of names decide.
    fileprivate var isCredential: Bool {
        let name = name.lowercased()
        return ["auth", "cookie", "key", "token", "secret", "credential"].contains { name.contains($0) }
    }
}

func hasTLS(_ url: String) -> Bool { begins(url, with: "https:") }

/// Whether libcurl would send a request there at all; it would also guess a scheme where there is none.
func hasHTTPScheme(_ url: String) -> Bool { begins(url, with: "http://") || begins(url, with: "https://") }

/// Whatever the case of ASCII letters; `prefix` is in small ones.
private func begins(_ url: String, with prefix: StaticString) -> Bool {
    let letters = UnsafeBufferPointer(start: prefix.utf8Start, count: prefix.utf8CodeUnitCount)
    return url.utf8.count >= letters.count
        && zip(url.utf8, letters).allSatisfy { byte, letter in
            byte == letter || (byte | 0x20 == letter && byte &- 0x41 < 26)
        }
}
