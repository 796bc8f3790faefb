import Foundation

/// A folder for the ipc endpoints, which nobody else may enter.
///
/// Below TMPDIR, not in the state: a path of a socket has 107 bytes at most.
struct SocketFolder {
    private static let prefix = "apctl-"
    let path: String

    /// - Parameter record: file that names the folder, so that the next run removes what a killed one left behind.
    init(record: String) throws {
        let parent = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
        if let old = FileManager.default.contents(atPath: record).map({ String(decoding: $0, as: UTF8.self) }),
            old.split(separator: "/").last?.hasPrefix(Self.prefix) == true
        {
            try Files.remove(old)
        }
        var template = Array("\(parent)/\(Self.prefix)XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw RunError.system("mkdtemp \(parent)") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard FileManager.default.createFile(atPath: record, contents: Data(path.utf8)) else {
            throw RunError.system("create \(record)")
        }
    }

    func remove() { try? Files.remove(path) }
}
