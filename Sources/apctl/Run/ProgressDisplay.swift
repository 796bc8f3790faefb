/// Shows progress on standard error: a bar that stays in its place on a terminal, a line now and then elsewhere.
struct ProgressDisplay {
    /// Columns of the terminal; `nil` when it is none.
    private let columns: @Sendable () -> Int?
    private let write: @Sendable (String) -> Void
    private var shownAt = -Double.infinity
    private var hasBar = false

    init(
        columns: @escaping @Sendable () -> Int? = { Console.errorColumns },
        write: @escaping @Sendable (String) -> Void = { Console.error($0) }
    ) {
        self.columns = columns
        self.write = write
    }

    /// Shows `progress` if it is time to.
    mutating func update(_ progress: Progress, now: Double) {
        if let columns = columns() {
            guard now - shownAt >= 0.2 else { return }
            // The last column stays free: some terminals wrap there.
            write("\r\(progress.bar(columns: columns - 1, now: now))\u{1B}[K")
            hasBar = true
        } else {
            guard now - shownAt >= 5 else { return }
            write(progress.line(now: now) + "\n")
        }
        shownAt = now
    }

    /// Writes a line of its own.
    mutating func say(_ text: String) {
        write((hasBar ? "\r\u{1B}[K" : "") + text + "\n")
        hasBar = false
        shownAt = -.infinity
    }

    /// Takes the bar away.
    mutating func end() {
        if hasBar { write("\r\u{1B}[K") }
        hasBar = false
    }
}
