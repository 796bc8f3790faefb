/// `url` without what people keep in URLs and nobody should see: the password and the query.
package func redacted(_ url: String) -> String {
    var shown = url[...]
    var end = ""
    if let query = shown.firstIndex(of: "?") {
        shown = shown[..<query]
        end = "?***"
    }
    guard let scheme = shown.firstRange(of: "://") else { return shown + end }
    let rest = shown[scheme.upperBound...]
    // A password may hold slashes, so the last @ ends the login wherever it stands.
    guard let at = rest.lastIndex(of: "@") else { return shown + end }
    let user = rest[..<at].prefix { $0 != ":" }
    let login = user.count == rest[..<at].count ? String(user) : "\(user):***"
    return shown[..<scheme.upperBound] + login + rest[at...] + end
}
