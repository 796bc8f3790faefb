import GatewaySimulator
import Glibc
import Messages

/// What `apctl run --check` has found, for people.
struct CheckReport: Equatable {
    enum Mark: String {
        case good = "ok      "
        /// Worth knowing, and in nobody's way.
        case note = "note    "
        case problem = "problem "
    }

    private(set) var lines: [String] = []
    private(set) var problems = 0

    var text: String {
        let end =
            problems == 0
            ? "Nothing stands in the way." : "Problems: \(problems). They must be put right, or cost answers."
        return (lines + [end]).joined(separator: "\n") + "\n"
    }

    mutating func add(_ mark: Mark, _ text: String) {
        lines.append(mark.rawValue + text)
        if mark == .problem { problems += 1 }
    }

    mutating func add(_ input: InputCheck, _ survey: InputSurvey, path: String) {
        let packed = survey.isGzip ? ", packed with gzip" : ""
        add(input.lines == 0 ? .problem : .good, "\(path) has \(input.lines) requests\(packed)")
        for problem in input.problems { add(.problem, "line \(problem.line): \(problem.reason)") }
        let rest = input.problemCount - input.problems.count
        if rest > 0 { add(.problem, "\(rest) more lines cannot be sent") }
        for case let note? in [survey.markNote, survey.repetitionNote] { add(.note, note) }
        for (path, count) in input.paths.sorted(by: { $0.key < $1.key }) { add(.good, "\(count) × POST \(path)") }
    }

    /// - Parameter models: how many requests name each.
    mutating func add(_ gateway: GatewayCheck, of access: GatewayAccess, models: [String: Int]) {
        let wanted = models.sorted { $0.key < $1.key }.map { "\($0.value) × \($0.key)" }.joined(separator: ", ")
        let hasToken = access.tokenFile != nil || access.key != nil
        switch gateway {
        case .models(let served):
            add(.good, "the gateway answers, and serves \(served.joined(separator: ", "))")
            let missing = models.keys.filter { !served.contains($0) }.sorted()
            if missing.isEmpty, !models.isEmpty { add(.good, "it has the models asked for: \(wanted)") }
            for model in missing {
                add(.problem, "it does not serve \(model); requests for it: \(models[model] ?? 0)")
            }
        case .noList(let status):
            add(.note, "the gateway answers, but has no list of models (\(status)); asked for are \(wanted)")
        case .refused(let status):
            let cure = hasToken ? "refuses the token" : "wants a token: --token-file, or OPENAI_API_KEY"
            add(.problem, "the gateway \(cure) (\(status))")
        case .notReady(let status): add(.problem, "the gateway answers \(status): it is not ready, or sheds requests")
        case .silent(let reason): add(.problem, "the gateway does not answer: \(reason)")
        }
    }

    mutating func add(_ paths: RunPaths, onlyFailed: Bool) {
        if Files.exists(paths.identity) {
            add(.note, "an interrupted run is there, \(paths.state): the next one goes on with it")
        } else if !paths.isOutputStream, !onlyFailed, fileSize(paths.output) ?? 0 > 0 {
            add(.problem, "\(paths.output) exists already: remove it, or name another file with --results")
        }
        let folder = paths.output.lastIndex(of: "/").map { String(paths.output[...$0]) } ?? "."
        if !paths.isOutputStream, access(folder, W_OK) != 0 {
            add(.problem, "no files can be made in \(folder): \(String(cString: strerror(errno)))")
        }
    }

    /// - Parameter folder: where the stages should be.
    mutating func add(stagesIn folder: String) {
        for name in StageCommands.names where access("\(folder)/\(name)", X_OK) != 0 {
            add(.problem, "there is no executable \(folder)/\(name): name its folder with --stages")
        }
    }
}
