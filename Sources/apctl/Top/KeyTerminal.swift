import CProcess
import Glibc

/// A terminal that gives its keys at once and shows one screen after the other, until it is given back as it was.
struct KeyTerminal {
    /// What it was set to, as the system tells it.
    private let settings: [UInt8]

    /// Whether there is one: for keys and for the screen.
    static var isThere: Bool {
        guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1, let kind = getenv("TERM") else { return false }
        return !["", "dumb"].contains(String(cString: kind))
    }

    /// Takes it; `nil` when the system refuses.
    init?() {
        var settings = [UInt8](repeating: 0, count: Int(process_terminal_settings_size()))
        guard process_terminal_take_keys(STDIN_FILENO, &settings) == 0 else { return nil }
        self.settings = settings
        // The alternate screen, no cursor, no new line at the right margin. Source: xterm, "Control Sequences".
        Console.out("\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l")
    }

    /// Columns and rows, as they are now.
    var size: (columns: Int, rows: Int) {
        let rows = Int(process_terminal_rows(STDOUT_FILENO))
        return (Console.outColumns ?? 80, rows > 0 ? rows : 24)
    }

    /// Shows lines in place of those before.
    ///
    /// - Returns: `false` when the terminal has gone.
    func show(_ lines: [String]) -> Bool {
        let text = lines.map { $0 + "\u{1B}[K" }.joined(separator: "\r\n")
        return Console.out("\u{1B}[H" + text + "\u{1B}[J")
    }

    /// Gives it back.
    func restore() {
        Console.out("\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l")
        _ = settings.withUnsafeBytes { process_terminal_restore(STDIN_FILENO, $0.baseAddress) }
    }

    /// Waits for keys.
    ///
    /// - Returns: what they send; nothing when none has come for so long, `nil` when no more can come.
    static func read(within milliseconds: CInt) -> [UInt8]? {
        var item = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        let ready = poll(&item, 1, milliseconds)
        if ready == 0 || (ready < 0 && errno == EINTR) { return [] }
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = Glibc.read(STDIN_FILENO, &buffer, buffer.count)
        if count < 0, errno == EINTR || errno == EAGAIN { return [] }
        return count > 0 ? Array(buffer.prefix(count)) : nil
    }
}
