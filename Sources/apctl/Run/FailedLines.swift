import GatewaySimulator
import Messages

/// Finds the lines of an input that have no good result yet, so that only those are sent again.
///
/// A line is known by its id. Of lines with the same id the first ones count as answered, as many as have a result.
struct FailedLines {
    private let paths: RunPaths
    /// How many good results there are, by id.
    private var answered: [ExactText: Int] = [:]
    /// Bytes of the results that are kept.
    private(set) var keptBytes: Int64 = 0
    /// Lines to send again.
    private(set) var count = 0

    /// Writes `selection` and `kept` into the state; nothing else is changed.
    ///
    /// - Parameter input: the file of all lines.
    init(of input: String, _ paths: RunPaths) throws(RunError) {
        self.paths = paths
        guard Files.exists(paths.output) else {
            throw RunError("there is no \(paths.output) whose failed requests could be sent again")
        }
        try keepGoodResults()
        try select(from: input)
    }

    private mutating func keepGoodResults() throws(RunError) {
        let reader = try LineReader(path: paths.output)
        let kept = try NewFile(paths.kept)
        while let line = try reader.next() {
            guard let result = WrittenResult(line), !result.isFailure else { continue }
            answered[ExactText(result.id), default: 0] += 1
            try kept.append(line)
        }
        try kept.end()
        keptBytes = kept.length
    }

    private mutating func select(from input: String) throws(RunError) {
        let reader = try LineReader(path: input)
        let selection = try NewFile(paths.selection)
        while let line = try reader.next() {
            if line.isBlank || takeAnswer(RequestLine.id(of: line)) {
                // Line numbers stay those of the input.
                try selection.append([])
            } else {
                try selection.append(line)
                count += 1
            }
        }
        try selection.end()
    }

    /// Whether a line has a good result, which then counts for no other.
    private mutating func takeAnswer(_ id: String?) -> Bool {
        guard let id = id.map({ ExactText($0) }), let left = answered[id], left > 0 else { return false }
        answered[id] = left - 1
        return true
    }
}

/// A line of results as it was written, in either format.
struct WrittenResult {
    var id: String
    var isFailure: Bool

    /// `nil` when the line is no result.
    init?(_ line: Bytes) {
        guard let members = JSONText.members(of: line) else { return nil }
        func value(_ key: String) -> Bytes? { members.last { $0.key == key }?.value }
        if let customID = value("custom_id") {
            id = JSONText.string(customID) ?? ""
            let response = value("response").flatMap { JSONText.members(of: $0) }
            let status = response?.last { $0.key == "status_code" }?.value
            isFailure = status.flatMap { Int(String(decoding: $0, as: UTF8.self)) }.map { $0 >= 400 } ?? true
        } else if let outcome = Outcome(line) {
            (id, isFailure) = (outcome.id, outcome.isFailure)
        } else {
            return nil
        }
    }
}

/// A file that is written once, from its beginning to its end.
private final class NewFile {
    private let output: OutputFile
    private var pending: [UInt8] = []

    init(_ path: String) throws(RunError) { output = try OutputFile(path: path, length: 0) }

    var length: Int64 { output.length }

    func append(_ line: Bytes) throws(RunError) {
        pending += line
        pending.append(UInt8(ascii: "\n"))
        if pending.count > 4 << 20 { try end() }
    }

    /// Brings what has been written to the disk.
    func end() throws(RunError) {
        try output.append(pending)
        pending = []
    }
}
