import Foundation

/// A folder for the ipc endpoints, which nobody else may enter.
///
/// Below TMPDIR, not in the state: a path of a socket has 107 bytes at most.
struct SocketFolder {
    private static let prefix = "apctl-"
    let path: String

    /// - Parameter record: file that names the folder, so that the next run removes what a killed one left behind.
    init(record: String, parent: String = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp") throws {
        if let old = FileManager.default.contents(atPath: record).map({ String(decoding: $0, as: UTF8.self) }),
            old.split(separator: "/").last?.hasPrefix(Self.prefix) == true
        {
            try Files.remove(old)
        }
        let pattern = "\(parent)/\(Self.prefix)XXXXXX"
        try Self.checkLength(pattern)
        var template = Array(pattern.utf8CString)
        guard mkdtemp(&template) != nil else { throw RunError.system("mkdtemp \(parent) (TMPDIR)") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard FileManager.default.createFile(atPath: record, contents: Data(path.utf8)) else {
            throw RunError.system("create \(record)")
        }
    }

    /// sockaddr_un has 108 bytes, one of them for the end: unix(7).
    private static func checkLength(_ folder: String) throws(RunError) {
        let longest = "\(folder)/\(StageCommands.longestLink)"
        guard longest.utf8.count > 107 else { return }
        throw RunError(
            "TMPDIR is too long: the path of a socket has 107 bytes at most, and \(longest) has \(longest.utf8.count). "
                + "Set TMPDIR to a folder with a shorter name, such as /tmp.")
    }

    func remove() { try? Files.remove(path) }
}
