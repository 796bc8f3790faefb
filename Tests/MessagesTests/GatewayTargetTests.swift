import Messages
import Testing

struct GatewayTargetTests {
    @Test(arguments: [
        ("http://h:80", "/v1/completions", "http://h:80/v1/completions"),
        ("http://h:80/", "/v1/completions", "http://h:80/v1/completions"),
        ("http://h:80", "v1/completions", "http://h:80/v1/completions"),
        ("http://h:80/base/", "v1/x", "http://h:80/base/v1/x"),
        ("http://h:80/base", "/v1/x", "http://h:80/base/v1/x"),
        ("http://h/base//", "//v1//x", "http://h/base/v1/x"),
        ("http://h", "/v1/./a/../x", "http://h/v1/x"),
        ("http://h", "/../../x", "http://h/x"),
        ("http://h/base", "/../../x", "http://h/base/x"),
        ("http://h/base", "/%2e%2E/%2e/.%2e/x", "http://h/base/x"),
        ("http://h", "/v1/x/", "http://h/v1/x/"),
        ("http://h", "/v1/x//", "http://h/v1/x/"),
        ("http://h", "/", "http://h/"),
        ("http://h/base", "/", "http://h/base/"),
        ("http://h/base", "/a/..", "http://h/base/"),
        ("http://h", "/v1/x?api-version=2024-02-01", "http://h/v1/x?api-version=2024-02-01"),
        ("http://h?key=1", "/x?y=/a/../b?c&d", "http://h/x?key=1&y=/a/../b?c&d"),
        ("http://h", "/x?é=%20\"", "http://h/x?%C3%A9=%20%22"), ("http://h", "?y", "http://h/?y"),
        ("http://h", "/a%2Fb%3f", "http://h/a%2Fb%3f"),
        ("http://h", "/é<>[]\"`{|}^", "http://h/%C3%A9%3C%3E%5B%5D%22%60%7B%7C%7D%5E"),
        ("http://h", "/-._~!$&'()*+,;=:@", "http://h/-._~!$&'()*+,;=:@"),
        ("http://h", "/...", "http://h/..."), ("http://h", "/.a/..b", "http://h/.a/..b"),
        ("http://h", "http://evil:9/x", "http://h/http:/evil:9/x"),
        ("http://h", "//evil/x", "http://h/evil/x"),
        ("http://h", "@evil/x", "http://h/@evil/x"),
        ("http://h", ":81/x", "http://h/:81/x"),
        ("https://user:pass@h:1/b", "x", "https://user:pass@h:1/b/x"),
        ("http://[::1]:80/b", "x", "http://[::1]:80/b/x"),
        ("http://h/b?key=1/2", "/x", "http://h/b/x?key=1/2"),
        ("http://h?key=1", "/x", "http://h/x?key=1"),
    ])
    func joinsBaseAndPath(base: String, path: String, url: String) throws {
        #expect(try GatewayTarget.base(base, path: path).resolve(endpoint: nil) == url)
        #expect(try GatewayTarget.base(base, path: "/other").resolve(endpoint: path) == url)
    }

    @Test
    func keepsABaseWithoutPathAsItIs() throws {
        #expect(try GatewayTarget.base("http://h/b", path: "").resolve(endpoint: nil) == "http://h/b")
    }

    @Test(arguments: [
        ("http://h:80/v1/completions", nil, "http://h:80/v1/completions"),
        ("http://h:80/v1/completions", "", "http://h:80/v1/completions"),
        ("http://h/v1/x?key=1", nil, "http://h/v1/x?key=1"),
        ("http://h:80/v1/completions", "/v1/chat/completions", "http://h:80/v1/chat/completions"),
        ("http://h:80/v1/completions?key=1", "v1/chat/", "http://h:80/v1/chat/?key=1"),
        ("http://h:80", "/x", "http://h:80/x"), ("http://h?a=/b", "/x", "http://h/x?a=/b"),
        ("http://h/v1?key=1", "/x?y=2", "http://h/x?key=1&y=2"), ("http://h/v1?", "/x?y=2", "http://h/x?y=2"),
        ("http://h/v1/x", "https://evil/x", "http://h/https:/evil/x"),
        ("http://h/v1/x", "/../..", "http://h/"),
    ])
    func replacesThePathOfAFullURL(url: String, endpoint: String?, expected: String) throws {
        #expect(try GatewayTarget.url(url).resolve(endpoint: endpoint) == expected)
    }

    @Test(arguments: ["/a b", "/a\r\nHost: evil", "/a\u{0}", "/a\tb", "\\\\evil\\x", "/a\u{7F}", " /x", "/x\n"])
    func rejectsEndpointsThatAreNoPaths(endpoint: String) {
        for target in [GatewayTarget.url("http://h/v1"), .base("http://h", path: "/v1")] {
            #expect {
                try target.resolve(endpoint: endpoint)
            } throws: {
                "\($0)".hasPrefix("endpoint: expected a path, found a space, a backslash or a control character in \"")
                    && !"\($0)".contains("\n")
            }
        }
    }

    @Test
    func rejectsAFragmentSinceNoServerWouldSeeIt() {
        #expect {
            try GatewayTarget.url("http://h").resolve(endpoint: "/v1/x#y")
        } throws: {
            "\($0)".contains("fragment")
        }
    }

    @Test(arguments: ["/%", "/x?%", "/%a", "/%zz", "/a%2", "/%%41"])
    func rejectsBrokenPercentEncoding(endpoint: String) {
        #expect(throws: InvalidRequest.self) { try GatewayTarget.url("http://h").resolve(endpoint: endpoint) }
    }

    @Test(arguments: [
        "http://localhost:30080/v1/completions", "https://h", "HTTP://H/", "http://h:65535", "http://[::1]:80/x",
        "http://[fe80::1]", "http://user:p%40ss@h:1/x?y=1", "http://10.0.0.1", "http://h_1.default.svc:8000",
    ])
    func acceptsGatewayURLs(url: String) {
        #expect(throws: Never.self) { try GatewayTarget.url(url).check() }
        #expect(throws: Never.self) { try GatewayTarget.base(url, path: "/v1").check() }
    }

    @Test(arguments: [
        ("", "expected http://… or https://…"), ("localhost:30080", "expected http://… or https://…"),
        ("ftp://h/", "expected http://… or https://…"), ("http:/h", "expected http://… or https://…"),
        ("http://", "no host"), ("http:///v1", "no host"), ("http://:80/", "no host"), ("http://user@/x", "no host"),
        ("http://?x", "no host"), ("http://[]:80", "no host"), ("http://[::1", "the host's ] is missing"),
        ("http://h:0", "expected a port from 1 to 65535 after the host"),
        ("http://h:65536", "expected a port from 1 to 65535 after the host"),
        ("http://h:+80", "expected a port from 1 to 65535 after the host"),
        ("http://h:", "expected a port from 1 to 65535 after the host"),
        ("http://h:8o", "expected a port from 1 to 65535 after the host"),
        ("http://[::1]80", "expected a port from 1 to 65535 after the host"),
        ("http://h/a b", "byte 32 cannot stand in a URL"), ("http://h/\r\n", "byte 13 cannot stand in a URL"),
        ("http://h\\x", "byte 92 cannot stand in a URL"), ("http://hé", "byte 195 cannot stand in a URL"),
        ("http://h/#x", "a fragment (#) makes no sense here"),
    ])
    func refusesOtherGatewayURLs(url: String, reason: String) {
        for target in [GatewayTarget.url(url), .base(url, path: "/v1")] {
            #expect(throws: InvalidRequest(reason)) { try target.check() }
        }
    }

    @Test
    func checksTheConfiguredPath() {
        #expect {
            try GatewayTarget.base("http://h", path: "/a b").check()
        } throws: {
            "\($0)".hasPrefix("in the path:")
        }
    }
}
