/// Why a request cannot be sent as its producer wrote it; becomes an `INVALID_REQUEST` result.
package struct InvalidRequest: Error, Equatable, CustomStringConvertible {
    /// For people: names the field and what was found in it.
    package let reason: String

    package init(_ reason: String) { self.reason = reason }

    package var description: String { reason }
}

/// A piece of a producer's text as it is shown in reasons: quoted, what is hidden escaped, not too long.
func quoted(_ text: String) -> String {
    let isLong = text.utf8.count > 80
    let shown = isLong ? String(text.unicodeScalars.prefix(40)) : text
    return shown.debugDescription.escapingHidden + (isLong ? "…" : "")
}
