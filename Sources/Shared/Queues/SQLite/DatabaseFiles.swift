import Foundation
import GRDB
import Synchronization

/// Which file a path leads to.
package struct FileIdentity: Sendable, Hashable {
    private let device: dev_t
    private let number: ino_t
    /// Bytes; no part of the identity.
    let size: Int64

    init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        device = status.st_dev
        number = status.st_ino
        size = Int64(status.st_size)
    }

    package static func == (a: FileIdentity, b: FileIdentity) -> Bool { a.device == b.device && a.number == b.number }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(device)
        hasher.combine(number)
    }
}

/// The files behind the paths of a database.
package struct DatabaseFiles: Sendable, Equatable {
    let main: FileIdentity
    /// The write-ahead log; `nil` when there is none, which is right while nobody has the database open.
    let log: FileIdentity?
    /// The index of that log, which all who have the database open share; likewise.
    let index: FileIdentity?

    /// `nil` when there is no database.
    init?(path: String, logPath: String) {
        guard let main = FileIdentity(path: path) else { return nil }
        self.main = main
        log = FileIdentity(path: logPath)
        index = FileIdentity(path: logPath.dropLast("-wal".count) + "-shm")
    }

    /// What has become of these files, when others are there now.
    func change(to now: DatabaseFiles?) -> FileChange? {
        guard let now else { return .removed }
        if now.main != main { return .replaced }
        if let log, now.log != log { return .log(isUntouched: (now.log?.size ?? 0) == 0) }
        if let index, now.index != index { return .log(isUntouched: now.index == nil) }
        return nil
    }

    /// Whether both are of the same database, and have other logs.
    func differ(from other: DatabaseFiles) -> Bool { main == other.main && (log != other.log || index != other.index) }
}

/// The files of an open database, and the paths that should lead to them.
package struct OpenFiles: Sendable {
    let files: DatabaseFiles
    let path: String
    let logPath: String

    /// Those that `path` leads to now, just opened.
    init?(path: String) {
        let logPath = Self.logPath(of: path)
        guard let files = DatabaseFiles(path: path, logPath: logPath) else { return nil }
        self.files = files
        self.path = path
        self.logPath = logPath
    }

    /// What has been done to them; two calls of stat(2).
    package var change: FileChange? { files.change(to: DatabaseFiles(path: path, logPath: logPath)) }

    /// Throws when the log beside a database is not one to open it with.
    ///
    /// - Parameter previous: what `path` led to before.
    static func checkLog(of path: String, _ previous: DatabaseFiles?) throws {
        let logPath = logPath(of: path)
        guard let now = DatabaseFiles(path: path, logPath: logPath) else { return }
        if OpenDatabases.all.hold(anotherLogThan: now) {
            throw DatabaseError(message: "its old write-ahead log is still in use here")
        }
        if let previous, previous.main != now.main, let log = now.log, log == previous.log, log.size > 0 {
            throw DatabaseError(
                message: "the file was replaced, but \(logPath) beside it belongs to the old one; remove it and -shm")
        }
    }

    /// SQLite puts the log beside the file itself, wherever a link to it stands.
    private static func logPath(of path: String) -> String {
        guard let real = realpath(path, nil) else { return path + "-wal" }
        defer { free(real) }
        return String(cString: real) + "-wal"
    }
}

/// What somebody has done to the files of an open database.
package enum FileChange: Sendable, Equatable {
    case removed, replaced
    /// The log or its index; untouched: nobody has written to what is in its place.
    case log(isUntouched: Bool)
}

extension FileChange: CustomStringConvertible {
    package var description: String {
        switch self {
        case .removed: "the file was moved or removed; waiting for one in its place"
        case .replaced: "the file was replaced by another, which is opened now"
        case .log: "its write-ahead log (-wal, -shm) was removed while it was in use; opening the database again"
        }
    }
}

/// The databases that this process has open.
///
/// SQLite keeps one index of the write-ahead log for all connections of a process to the same file, whichever log they
/// have open: two of them with different logs would read each other's pages from the wrong one. So a new log is opened
/// only when every connection to the old one is closed.
///
/// Source: unixShmNode in SQLite's os_unix.c.
final class OpenDatabases: Sendable {
    static let all = OpenDatabases()

    private let files = Mutex<[UInt64: DatabaseFiles]>([:])
    private let lastID = Atomic<UInt64>(0)

    func add(_ opened: DatabaseFiles) -> UInt64 {
        let id = lastID.add(1, ordering: .relaxed).newValue
        files.withLock { $0[id] = opened }
        return id
    }

    func remove(_ id: UInt64) { files.withLock { $0[id] = nil } }

    /// Whether somebody here still has the same file open with another log.
    func hold(anotherLogThan now: DatabaseFiles) -> Bool {
        files.withLock { $0.values.contains { $0.differ(from: now) } }
    }
}
