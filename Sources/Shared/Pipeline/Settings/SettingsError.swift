/// What makes no sense in flags, environment or a file.
package struct SettingsError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The flag or field, such as `--concurrency` or `queues[1].queue_name`; `nil` where the caller adds it.
    package var subject: String?
    package var reason: String

    package init(_ reason: String) { self.reason = reason }

    package init(_ subject: String, _ reason: String) {
        self.subject = subject
        self.reason = reason
    }

    package var description: String { subject.map { "\($0): \(reason)" } ?? reason }

    /// The same, about `subject` if it was about nothing yet.
    func about(_ subject: String) -> SettingsError { SettingsError(self.subject ?? subject, reason) }
}

/// Text that ends a program before it has begun: help, version, or what is wrong.
package struct SettingsExit: Error, Sendable, Equatable {
    /// For people, ended by a newline.
    package var text: String
    /// 0, or 64 for wrong usage.
    package var code: Int32

    package init(text: String, code: Int32) {
        self.text = text.hasSuffix("\n") ? text : text + "\n"
        self.code = code
    }
}
