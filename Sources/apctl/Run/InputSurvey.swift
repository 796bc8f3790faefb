import GatewaySimulator
import Glibc
import Messages

/// What tells one input file from another, and how much is in it.
struct InputIdentity: Codable, Equatable {
    /// Of all its bytes, unpacked: SHA-256, hexadecimal.
    var digest: String
    /// Lines that are not blank.
    var lines: Int
}

/// What is found when all of an input is read, before anything is sent.
struct InputSurvey: Equatable {
    /// An id that an earlier line has, too.
    struct Repetition: Equatable {
        var id: String
        /// Of the file, from 1.
        var line: Int
        var earlier: Int
    }

    var identity: InputIdentity
    var isGzip: Bool
    /// Lines that begin with a byte order mark.
    private(set) var byteOrderMarks = 0
    /// How many lines have an id that an earlier one has, and the first of them.
    private(set) var repetitions = 0
    private(set) var firstRepetition: Repetition?

    /// Ids that are kept to be compared: about 150 MB at the most.
    private static let maxIDs = 4_000_000

    /// Reads the whole file once.
    ///
    /// - Parameter look: shown each line that is not blank, with its number in the file, from 1.
    init(path: String, look: (Bytes, Int) -> Void = { _, _ in }) throws(RunError) {
        try Self.checkKind(path)
        let reader = try LineReader(path: path, isHashed: true)
        var (lines, number) = (0, 0)
        // Where each id was seen first, by its hash: the ids themselves may be as long as the file.
        var seen: [Int: Int32] = [:]
        identity = InputIdentity(digest: "", lines: 0)
        isGzip = false
        while let line = try reader.next() {
            number += 1
            if line.isBlank { continue }
            lines += 1
            if let id = RequestLine.id(of: line), seen.count < Self.maxIDs {
                if let earlier = seen[id.hashValue] {
                    repetitions += 1
                    firstRepetition = firstRepetition ?? Repetition(id: id, line: number, earlier: Int(earlier))
                } else {
                    seen[id.hashValue] = Int32(clamping: number)
                }
            }
            look(line, number)
        }
        identity = InputIdentity(digest: reader.digest, lines: lines)
        isGzip = reader.isGzip
        byteOrderMarks = reader.byteOrderMarks
    }

    private static func checkKind(_ path: String) throws(RunError) {
        var status = stat()
        guard stat(path, &status) == 0 else { throw RunError("\(path): \(String(cString: strerror(errno)))") }
        guard status.st_mode & S_IFMT == S_IFREG else { throw RunError("\(path) is not a file") }
    }

    /// What the person should know about byte order marks; `nil` when there is none.
    var markNote: String? {
        if byteOrderMarks == 0 { return nil }
        let lines = byteOrderMarks == 1 ? "1 line begins" : "\(byteOrderMarks) lines begin"
        return "\(lines) with a byte order mark, as editors on Windows write it; it is left out"
    }

    /// What the person should know about ids; `nil` when each is there once.
    var repetitionNote: String? {
        guard let first = firstRepetition else { return nil }
        let lines = repetitions == 1 ? "1 line has" : "\(repetitions) lines have"
        return """
            \(lines) an id that an earlier line has, too; the first is line \(first.line) with \(JSONText.literal(first.id)), \
            as on line \(first.earlier). Each is sent, and has a result of its own.
            """
    }
}
