/// The files of one run.
struct RunPaths: Equatable {
    /// The requests; read only.
    var input: String
    /// The results, one a line.
    var output: String

    init(input: String, output: String?) {
        self.input = input
        self.output = output ?? input + ".results.jsonl"
    }

    /// What is needed to resume: removed when every line has its result.
    var state: String { output + ".state" }
    /// The embedded queue.
    var queue: String { state + "/queue.db" }
    /// Which input this is; a state without it counts for nothing.
    var identity: String { state + "/run.json" }
    /// How far results have been written.
    var written: String { state + "/written.json" }
    /// Held while a run uses the state.
    var lock: String { state + "/lock" }

    /// Names the folder of the ipc endpoints.
    var sockets: String { state + "/sockets" }

    func log(of stage: String) -> String { "\(state)/\(stage).log" }
}
