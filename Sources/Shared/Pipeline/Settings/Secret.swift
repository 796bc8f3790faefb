/// A value that is never shown: descriptions, logs and dumps say only whether there is one.
package struct Secret: Sendable, Hashable {
    /// The value itself, for whoever has to send it.
    package let value: String

    package init(_ value: String) { self.value = value }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { value.isEmpty ? "none" : "set" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [(label: String?, value: Any)]()) }
}
