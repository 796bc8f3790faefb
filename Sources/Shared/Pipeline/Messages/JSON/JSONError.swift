/// Where and why bytes are not JSON.
package struct JSONError: Error, Equatable, CustomStringConvertible {
    /// Bytes before the place, counted from the first byte of the text.
    package let offset: Int
    package let reason: String

    package var description: String { "\(reason) at byte \(offset)" }
}

/// The six kinds of JSON values, as they are named to people.
package enum JSONKind: String, Sendable {
    case object = "an object"
    case array = "an array"
    case string = "a string"
    case number = "a number"
    case boolean = "a boolean"
    case null = "null"
}
