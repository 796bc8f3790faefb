import Glibc

/// Why a run cannot start or go on, in words for the person who started it.
struct RunError: Error, CustomStringConvertible, Equatable {
    var description: String
    /// 64 when something about files or flags must change first, 1 when trying again may help.
    var exitCode: Int32 = 64

    init(_ description: String, exitCode: Int32 = 64) {
        self.description = description
        self.exitCode = exitCode
    }

    /// A system call that failed, with what the system answered.
    static func system(_ call: String) -> RunError {
        RunError("\(call): \(String(cString: strerror(errno)))", exitCode: 1)
    }
}
