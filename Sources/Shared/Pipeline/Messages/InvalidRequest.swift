/// Why a request cannot be sent as its producer wrote it; becomes an `INVALID_REQUEST` result.
package struct InvalidRequest: Error, Equatable, CustomStringConvertible {
    /// For people: names the field and what was found in it.
    package let reason: String

    package init(_ reason: String) { self.reason = reason }

    package var description: String { reason }
}

/// A piece of a producer's text as it is shown in reasons: quoted, control characters escaped, not too long.
func quoted(_ text: String) -> String {
    text.utf8.count > 80 ? "\(String(text.unicodeScalars.prefix(40)).debugDescription)…" : text.debugDescription
}
