import Testing

@testable import Apctl

struct AccessRulesTests {
    private static let rules = AccessRules(names: ["ops.example"], allowsChanges: true, token: "t0k")
    private static let good = [
        "host": "127.0.0.1:9095", "origin": "http://127.0.0.1:9095", "sec-fetch-site": "same-origin",
        "content-type": "application/json", "x-token": "t0k",
    ]

    private func status(
        _ method: String = "GET", _ path: String = "/api/scene", _ headers: [String: String],
        rules: AccessRules = Self.rules
    ) -> Int? {
        rules.refusal(of: UIRequest(method: method, path: path, headers: headers))?.status
    }

    @Test(arguments: [
        "localhost", "localhost:9095", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:9095", "127.3.4.5:80", "[::1]:9095",
        "[::1]",
        "ops.example:9095", "OPS.example",
    ])
    func takesNamesOfThisMachine(host: String) {
        #expect(status("GET", "/", ["host": host]) == nil)
        #expect(status("GET", "/api/scene", ["host": host]) == nil)
    }

    /// What a name stands for may change from one request to the next, so only names count.
    @Test(arguments: [
        "evil.example:9095", "localhost.evil.example", "127.0.0.1.evil.example", "127.0.0.1:9095.evil.example",
        "10.0.0.7:9095", "127.0.0.256", "127.0.0", "127.0.0.1.", "0.0.0.0:9095", "[::ffff:7f00:1]", "evil@localhost",
        "",
        "[::1", "localhost:99999", "localhost:9095:1", "127.0.0.+1", "ops.example.",
    ])
    func refusesOtherNamesForEverything(host: String) {
        #expect(status("GET", "/", ["host": host]) == 403)
        var headers = Self.good
        headers["host"] = host
        #expect(status("POST", "/api/dead-letters/delete", headers) == 403)
    }

    @Test
    func refusesARequestThatNamesNobody() { #expect(status("GET", "/", [:]) == 403) }

    @Test(arguments: [
        ("origin", "http://evil.example"), ("origin", "null"), ("origin", "http://127.0.0.1:8080"),
        ("origin", "http://localhost:9095"), ("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"),
    ])
    func pagesOfOthersMayAskNothing(name: String, value: String) {
        var headers = Self.good
        headers[name] = value
        #expect(status("GET", "/api/where", headers) == 403)
        #expect(status("POST", "/api/dead-letters/requeue", headers) == 403)
        #expect(status("GET", "/", headers) == nil, "a link to the page may stand anywhere")
    }

    @Test(arguments: ["origin", "content-type", "x-token"])
    func changesNeedAllThatOnlyThePageSends(name: String) {
        #expect(status("POST", "/api/dead-letters/requeue", Self.good) == nil)
        var headers = Self.good
        headers[name] = nil
        #expect(status("POST", "/api/dead-letters/requeue", headers) != nil)
    }

    @Test(arguments: [("content-type", "text/plain"), ("x-token", "t0k2"), ("x-token", "")])
    func changesNeedThemAsThePageSendsThem(name: String, value: String) {
        var headers = Self.good
        headers[name] = value
        #expect(status("POST", "/api/dead-letters/requeue", headers) != nil)
    }

    @Test
    func changesNothingUnlessItIsToldTo() {
        var rules = Self.rules
        rules.allowsChanges = false
        let refusal = rules.refusal(
            of: UIRequest(method: "POST", path: "/api/dead-letters/delete", headers: Self.good))
        #expect(refusal?.status == 403)
        #expect(refusal.map { String(decoding: $0.body, as: UTF8.self) }?.contains("--allow-changes") == true)
        #expect(rules.refusal(of: UIRequest(method: "GET", path: "/api/scene", headers: Self.good)) == nil)
    }

    @Test
    func tokensAreLongAndNewEachTime() {
        let tokens = Set((0..<100).map { _ in AccessRules.newToken() })
        #expect(tokens.count == 100)
        #expect(tokens.allSatisfy { $0.count > 20 && $0.utf8.allSatisfy { "0123456789abcdef-".utf8.contains($0) } })
    }

    @Test
    func readsParametersOfAQuery() {
        let request = UIRequest(method: "GET", path: "/api/where", query: "a=1&id=a%2Fb%20%C3%A9&x=%zz")
        #expect(request.parameter("id") == "a/b é")
        #expect(request.parameter("a") == "1")
        #expect(request.parameter("b") == nil)
        #expect(request.parameter("x") == nil)
    }
}
