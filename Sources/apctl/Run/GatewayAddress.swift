import Messages

/// Where the requests of a run go: one endpoint, or a base as OpenAI's libraries take one.
///
/// A base is an address without a path, or with one that ends in a version (`/openai/v1`) or a slash. The endpoint of a
/// request then comes from the line, or from what its body holds.
struct GatewayAddress: Equatable {
    /// For the stages: with the path of requests that name none.
    let url: String
    /// What stands before the endpoint's path, such as `/openai/v1`; `nil` where an endpoint that is none of OpenAI's leaves
    /// that open.
    private let base: String?
    /// Whether an endpoint was left out, so that each request needs one.
    private let isBase: Bool

    /// Endpoints of OpenAI's API that take one request and give one answer.
    private static let endpoints = [
        "/chat/completions", "/completions", "/embeddings", "/responses", "/moderations", "/images/generations",
        "/rerank", "/score",
    ]

    /// - Parameter isAlwaysBase: as `OPENAI_BASE_URL` is, whatever its path.
    init(_ text: String, isAlwaysBase: Bool = false) throws(InvalidRequest) {
        try GatewayTarget.url(text).check()
        let scheme = text.firstRange(of: "://")?.upperBound ?? text.startIndex
        let start = text[scheme...].firstIndex { $0 == "/" || $0 == "?" } ?? text.endIndex
        let end = text[start...].firstIndex(of: "?") ?? text.endIndex
        let path = text[start..<end]
        let endpoint = Self.endpoints.first { path.hasSuffix($0) }
        if endpoint == nil, isAlwaysBase || Self.isBase(path) {
            isBase = true
            base = String(path.trimmingSuffix("/"))
            url = text[..<start] + Self.join(base ?? "", "completions") + text[end...]
        } else {
            isBase = false
            base = endpoint.map { String(path.dropLast($0.count)) }
            url = text
        }
    }

    /// A version is `v` and a digit, with more behind it: `v1`, `v1beta`.
    private static func isBase(_ path: Substring) -> Bool {
        guard let last = path.split(separator: "/").last, !path.hasSuffix("/") else { return true }
        return last == "openai" || last.first == "v" && last.dropFirst().first?.isNumber == true
    }

    /// A path below `base`; an address without a path means version 1.
    private static func join(_ base: String, _ endpoint: String) -> String {
        "\(base.isEmpty ? "/v1" : base)/\(endpoint)"
    }

    /// The path of a request that names one, such as a batch line's `url`.
    ///
    /// Those of OpenAI's begin with `/v1`, for which the base stands. One that begins with the base stays as it is.
    func path(for named: String) -> String {
        guard let base, named != base, !named.hasPrefix(base + "/"), !named.hasPrefix(base + "?") else { return named }
        return base + (named.hasPrefix("/v1/") ? named.dropFirst("/v1".count) : named[...])
    }

    /// The path of a request that names none, from the names in its body; `nil` where the address has it.
    func path(forBodyWith hasMember: (String) -> Bool) -> String? {
        guard isBase, let base else { return nil }
        if hasMember("messages") { return Self.join(base, "chat/completions") }
        if hasMember("input") { return Self.join(base, "embeddings") }
        return Self.join(base, "completions")
    }

    /// Where a base lists its models; `nil` where nothing tells.
    var modelsPath: String? { base.map { Self.join($0, "models") } }
}

extension Substring {
    /// Without the slashes at its end.
    fileprivate func trimmingSuffix(_ suffix: Character) -> Substring {
        var rest = self
        while rest.last == suffix { rest.removeLast() }
        return rest
    }
}
