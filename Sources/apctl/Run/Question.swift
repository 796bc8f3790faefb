import Foundation

/// A question to whoever sits at the terminal; nobody waits for the answer.
enum Question {
    /// Whether there is somebody to ask.
    static var canBeAsked: Bool { isatty(STDERR_FILENO) == 1 && isatty(STDIN_FILENO) == 1 }

    /// Asks, and calls `answer` once with whether it was yes; anything else is no, and so is no answer at all.
    static func ask(_ text: String, answer: @escaping @Sendable (Bool) -> Void) {
        Console.error("\(text) [y/N] ")
        Thread.detachNewThread {
            let line = readLine() ?? ""
            answer(["y", "yes"].contains(line.lowercased().trimmingCharacters(in: .whitespaces)))
        }
    }
}
