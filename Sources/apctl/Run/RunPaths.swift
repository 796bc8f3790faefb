/// The files of one run.
struct RunPaths: Equatable {
    /// The requests; read only.
    var input: String
    /// The results, one a line.
    var output: String

    /// - Parameter input: `-` for standard input.
    init(input: String, output: String?) {
        self.input = input == "-" ? "/dev/stdin" : input
        self.output = output ?? Self.place(of: self.input) + ".results.jsonl"
    }

    /// Beside the input; for a descriptor, such as /dev/stdin, in the current folder: /dev is no place for results.
    private static func place(of input: String) -> String {
        guard input.hasPrefix("/dev/") || input.hasPrefix("/proc/") else { return input }
        return input.split(separator: "/").last.map(String.init) ?? input
    }

    /// What is needed to resume: removed when every line has its result.
    var state: String { output + ".state" }
    /// What came through a pipe.
    var copy: String { state + "/input.jsonl" }
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
}
