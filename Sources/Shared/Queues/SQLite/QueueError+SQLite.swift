package import GRDB
import Queue

extension QueueError {
    /// What SQLite answered, in its own words.
    init(_ operation: String, _ path: String, _ error: any Error) {
        let answer = error as? DatabaseError
        self.init(
            operation: "\(operation) on \(path)",
            reason: answer.map { $0.message ?? "\($0.resultCode)" } ?? "\(error)",
            isTransient: !(answer?.isLasting ?? false)
        )
    }
}

extension DatabaseError {
    /// Somebody must change something (the file, its permissions, its tables) before trying again can help.
    fileprivate var isLasting: Bool {
        switch resultCode {
        case .SQLITE_NOTADB, .SQLITE_CORRUPT, .SQLITE_PERM, .SQLITE_READONLY, .SQLITE_ERROR: true
        default: false
        }
    }

    /// Another connection may do better: one that was opened while the file could not be written stays read-only, and
    /// one whose files were damaged does not see that they are whole again.
    var isOfTheConnection: Bool {
        switch resultCode {
        case .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_FULL, .SQLITE_INTERRUPT, .SQLITE_ABORT: false
        default: !concernsOneRow
        }
    }

    /// One row is the trouble, not the database: the same statement with another row would do.
    package var concernsOneRow: Bool {
        switch resultCode {
        case .SQLITE_TOOBIG, .SQLITE_CONSTRAINT, .SQLITE_MISMATCH: true
        default: false
        }
    }
}
