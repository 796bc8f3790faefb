import CProcess
import Glibc
import Synchronization

/// Standard output and standard error, written at once.
enum Console {
    /// Results and summaries.
    ///
    /// - Returns: `false` when nobody reads them.
    @discardableResult
    static func out(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        return out(bytes)
    }

    /// The same, as bytes that need not be text.
    @discardableResult
    static func out(_ bytes: [UInt8]) -> Bool {
        guard let code = write(bytes, to: STDOUT_FILENO) else { return true }
        // Who has read enough, such as head(1), misses nothing.
        if code == EPIPE { return false }
        let isFirst = hasLost.withLock { hasLost in
            defer { hasLost = true }
            return !hasLost
        }
        if isFirst { error("apctl: write to standard output: \(String(cString: strerror(code)))\n") }
        return false
    }

    /// Whether standard output has not taken something, other than because nobody reads it any more.
    static var hasLostOutput: Bool { hasLost.withLock { $0 } }
    private static let hasLost = Mutex(false)

    /// Progress and troubles.
    static func error(_ text: String) { _ = write(Array(text.utf8), to: STDERR_FILENO) }

    /// Columns of the terminal that standard error is; `nil` when it is none.
    static var errorColumns: Int? {
        guard isatty(STDERR_FILENO) == 1 else { return nil }
        let columns = Int(process_terminal_columns(STDERR_FILENO))
        return columns > 0 ? columns : 80
    }

    /// Columns of the terminal that standard output is; `nil` when it is none.
    static var outColumns: Int? {
        let columns = Int(process_terminal_columns(STDOUT_FILENO))
        return columns > 0 ? columns : nil
    }

    /// Whether standard output is a terminal.
    static var outIsTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Whether standard output takes colours: on a terminal, unless the user wants none: https://no-color.org.
    static var isColoured: Bool {
        if let value = getenv("NO_COLOR"), value.pointee != 0 { return false }
        return outIsTerminal
    }

    /// - Returns: what the system has answered when it does not take all; `nil`: it does.
    private static func write(_ bytes: [UInt8], to descriptor: CInt) -> CInt? {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                sent += count
            } else if errno == EAGAIN {
                var item = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&item, 1, -1)
            } else if errno != EINTR {
                return errno
            }
        }
        return nil
    }
}
