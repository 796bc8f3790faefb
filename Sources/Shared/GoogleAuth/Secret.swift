/// Text that nobody should see: a password or a token.
///
/// Neither printing nor dumping it, or what holds it, shows the text.
struct Secret: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    let text: String

    init(_ text: String) { self.text = text }

    var description: String { "***" }
    var customMirror: Mirror { Mirror(self, children: []) }
}

/// A token that Google's services take, and how long from the moment it was asked for.
struct AccessToken: Sendable, Equatable {
    let text: Secret
    let lifetime: Duration
}
