/// Shows a run on standard error: a bar that stays in its place on a terminal, a line now and then elsewhere.
struct ProgressDisplay: Sendable {
    /// Columns of the terminal; `nil` when it is none.
    private let columns: @Sendable () -> Int?
    private let write: @Sendable (String) -> Void
    private var shownAt = -Double.infinity
    private var shownTrouble: String?
    private var hasBar = false
    /// Nothing is shown while somebody is asked something.
    var isPaused = false

    init(
        columns: @escaping @Sendable () -> Int? = { Console.errorColumns },
        write: @escaping @Sendable (String) -> Void = { Console.error($0) }
    ) {
        self.columns = columns
        self.write = write
    }

    /// Shows `scene` if it is time to.
    mutating func update(_ scene: RunScene, now: Double) {
        if isPaused { return }
        if let columns = columns() {
            guard now - shownAt >= 0.2 else { return }
            // The last column stays free: some terminals wrap there.
            write("\r\(scene.bar(columns: columns - 1, now: now))\u{1B}[K")
            hasBar = true
        } else {
            let trouble = scene.gateway?.trouble
            guard now - shownAt >= 60 || trouble != shownTrouble else { return }
            write(scene.line(now: now) + "\n")
            shownTrouble = trouble
        }
        shownAt = now
    }

    /// Writes a line of its own.
    mutating func say(_ text: String) {
        write((hasBar ? "\r\u{1B}[K" : "") + text + "\n")
        if hasBar { shownAt = -.infinity }
        hasBar = false
    }

    /// Takes the bar away.
    mutating func end() {
        if hasBar { write("\r\u{1B}[K") }
        hasBar = false
    }
}
