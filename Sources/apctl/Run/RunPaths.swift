import Glibc

/// The files of one run.
struct RunPaths: Equatable {
    static let standardOutput = "/dev/stdout"

    /// The requests; read only.
    let input: String
    /// The results, one a line.
    let output: String
    /// The results of requests that failed; `nil` when they stand among the others.
    let errors: String?
    /// What is needed to resume: removed when every line has its result.
    let state: String

    /// - Parameters:
    ///   - input: `-` for standard input.
    ///   - output: `-` for standard output; `nil` for a file beside the input.
    init(input: String, output: String?, errors: String? = nil) {
        self.input = input == "-" ? "/dev/stdin" : input
        let beside = Self.place(of: self.input) + ".results.jsonl"
        let isStream = output == "-" || output == Self.standardOutput
        self.output = isStream ? Self.standardOutput : output ?? beside
        self.errors = errors
        state = (isStream ? beside : self.output) + ".state"
    }

    /// Beside the input; for a descriptor, such as /dev/stdin, in the current folder: /dev is no place for results.
    private static func place(of input: String) -> String {
        guard input.hasPrefix("/dev/") || input.hasPrefix("/proc/") else { return input }
        return input.split(separator: "/").last.map(String.init) ?? input
    }

    var isOutputStream: Bool { output == Self.standardOutput }

    /// What came through a pipe.
    var copy: String { state + "/input.jsonl" }
    /// The lines that are sent again, when only some are; in the places of the others stand blank ones.
    var selection: String { state + "/selection.jsonl" }
    /// The results of the others, before they take the place of all.
    var kept: String { state + "/kept.jsonl" }
    /// The embedded queue.
    var queue: String { state + "/queue.db" }
    /// Which input this is; a state without it counts for nothing.
    var identity: String { state + "/run.json" }
    /// How far results have been written.
    var written: String { state + "/written.json" }
    /// The gateway's token, while a run is under way.
    var token: String { state + "/token" }
    /// Held while a run uses the state.
    var lock: String { state + "/lock" }

    /// Names the folder of the ipc endpoints.
    var sockets: String { state + "/sockets" }

    func log(of stage: String) -> String { "\(state)/\(stage).log" }

    /// Throws when two of the files are one, which would be lost.
    func checkThatAllDiffer() throws(RunError) {
        var seen: [(path: String, inode: UInt?)] = []
        for path in [input, output, errors].compactMap(\.self) {
            let inode = Self.inode(of: path)
            if let other = seen.first(where: { $0.path == path || (inode != nil && $0.inode == inode) }) {
                throw RunError(
                    "\(other.path) and \(path) are one file: name different ones with --results and --errors")
            }
            seen.append((path, inode))
        }
    }

    /// `nil` when there is no such file, or it is a pipe or a device, which may serve twice.
    private static func inode(of path: String) -> UInt? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return UInt(status.st_ino)
    }
}
