import Glibc
import Queue

/// Exit statuses of `apctl run`.
enum RunExit: Int32 {
    case allAnswered = 0
    case someFailed = 1
    case stopped = 2
    case hopelessGateway = 3
    case cannotStart = 64
}

/// Why a run cannot start or go on, in words for the person who started it.
struct RunError: Error, CustomStringConvertible, Equatable {
    var description: String
    /// 64 when something about files or flags must change first, 1 when trying again may help.
    var exitCode: Int32 = 64
    var isFullDisk = false

    init(_ description: String, exitCode: Int32 = 64) {
        self.description = description
        self.exitCode = exitCode
    }

    /// A system call that failed, with what the system answered.
    static func system(_ call: String) -> RunError {
        let code = errno
        let text = "\(call): \(String(cString: strerror(code)))"
        return [ENOSPC, EDQUOT].contains(code) ? fullDisk(text) : RunError(text, exitCode: 1)
    }

    /// - Parameter text: what found no room.
    static func fullDisk(_ text: String) -> RunError {
        var error = RunError(
            "\(text). Make room and run the same command again: it goes on where it stopped", exitCode: 1)
        error.isFullDisk = true
        return error
    }
}

extension QueueError {
    /// SQLite's own words for SQLITE_FULL.
    var isFullDisk: Bool { reason.contains("disk is full") }
}
