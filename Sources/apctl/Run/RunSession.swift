import GatewaySimulator
import Messages
import SQLite

/// The files and the queue of one run: feeds lines, writes results, and stands where it stood after any crash.
///
/// Blocks; used by one thread at a time. Line n of the input (blank lines not counted) is the queue's request number n:
/// this run is the only producer of its queue, and SQLite never gives a number twice. So the queue itself says how
/// much has been fed, in the transaction that fed it.
///
/// Results are appended to the output, brought to the disk, and then recorded together with the output's length. After
/// a crash in between, the output is cut to the recorded length and the same lines are written again.
final class RunSession {
    let paths: RunPaths
    /// Lines to send.
    let total: Int
    /// What the person should know about the input; `nil` for nothing.
    let note: String?
    private let gateway: GatewayAddress?
    private let database: QueueDatabase
    private let output: OutputFile
    private let errors: OutputFile?
    private let reader: LineReader
    private let lock: StateLock
    private var formats: LineFormats
    private(set) var fed: Int64 = 0
    /// Lines that were read but not yet put on the queue: those of the last try, when it failed.
    private var unfed: [Submission] = []
    private(set) var written: RunProgress
    private var seenVersion: Int64 = -1

    /// Starts a run, or goes on with one that was interrupted.
    ///
    /// - Parameters:
    ///   - gateway: whose paths the requests get.
    ///   - deadline: Unix seconds, for requests on the queue of an interrupted run that name none: time and gateway are
    ///     those of this command, not those of the one before. `nil` leaves them as they are.
    ///   - onlyFailed: a new run sends the lines that have no good result in the output.
    init(
        _ paths: RunPaths, gateway: GatewayAddress? = nil, deadline: Int64? = nil, onlyFailed: Bool = false
    ) throws {
        self.paths = paths
        self.gateway = gateway
        let start = try RunStart(paths, onlyFailed: onlyFailed)
        lock = start.lock
        total = start.total
        note = start.note
        database = try QueueDatabase(path: paths.queue, create: !start.isResumed)
        written = start.written
        try start.replaceResults()
        output = try OutputFile(path: paths.output, length: written.bytes)
        errors = try paths.errors.map { path throws(RunError) in
            try OutputFile(path: path, length: start.written.errorBytes)
        }
        reader = try LineReader(path: start.lines)
        formats = LineFormats(first: try RequestLine.format(ofFirstIn: LineReader(path: start.lines)))
        if start.isResumed {
            try database.releaseAll()
            try skip(database.lastSubmission(), deadline)
        } else {
            try start.begin()
        }
    }

    private func skip(_ count: Int64, _ deadline: Int64?) throws {
        let open = deadline == nil ? [] : try database.openNumbers()
        var renewed: [(number: Int64, body: Bytes)] = []
        var bytes = 0
        while fed < count {
            guard let line = try reader.next() else { throw RunError("\(paths.input) has fewer lines than were fed") }
            let previous = formats.last
            guard formats.add(line) else { continue }
            fed += 1
            guard let deadline, open.contains(fed) else { continue }
            let request = RequestLine(line, deadline: deadline, after: previous, gateway: gateway).request[...]
            renewed.append((fed, request))
            bytes += request.count
            if bytes >= Self.batchBytes {
                try database.replace(renewed)
                (renewed, bytes) = ([], 0)
            }
        }
        if !renewed.isEmpty { try database.replace(renewed) }
    }

    /// Requests that are put on the queue in one transaction have about so many bytes at most.
    private static let batchBytes = 16 << 20

    /// Requests on the queue that have no result yet.
    var open: Int { Int(fed) - written.lines }
    var isFed: Bool { fed >= Int64(total) }
    var isComplete: Bool { isFed && open <= 0 }

    /// What waits on the queue, and is under way.
    func backlog() throws -> Backlog { try database.backlog() }

    /// Puts the next lines on the queue in one transaction.
    ///
    /// - Parameters:
    ///   - limit: lines at most; fewer when they are large.
    ///   - deadline: Unix seconds, for requests that name none.
    /// - Returns: how many; 0 at the end of the input.
    @discardableResult
    func feed(limit: Int, deadline: Int64) throws -> Int {
        if unfed.isEmpty { try read(limit: limit, deadline: deadline) }
        guard !unfed.isEmpty else { return 0 }
        let numbers = try database.submit(unfed)
        guard numbers.first == fed + 1, numbers.last == fed + Int64(unfed.count) else {
            throw RunError("somebody else has put requests on \(paths.queue)")
        }
        fed += Int64(unfed.count)
        // What this connection writes itself does not change the version that it sees.
        seenVersion = -1
        defer { unfed = [] }
        return unfed.count
    }

    private func read(limit: Int, deadline: Int64) throws {
        var bytes = 0
        while unfed.count < limit, bytes < Self.batchBytes, let line = try reader.next() {
            guard !line.isBlank else {
                formats.add(line)
                continue
            }
            let request = RequestLine(line, deadline: deadline, after: formats.last, gateway: gateway)
            formats.add(request.format)
            let submission = submission(of: request)
            unfed.append(submission)
            bytes += submission.count
        }
    }

    private func submission(of request: RequestLine) -> Submission {
        guard let refusal = request.refusal else { return .request(request.request[...]) }
        let line = formats.lineNumber(of: formats.count)
        let result = ResultLine.refusal(refusal.reason, id: refusal.id, code: .invalidRequest, line: line)
        return .refused(id: refusal.id, result: result)
    }

    /// Writes results that have come since; returns how many.
    func collect(limit: Int = 500) throws -> Int {
        // Results would go where nobody sees them; the next run opens what is there.
        do { try database.checkFile() } catch { throw RunError("\(error)", exitCode: 1) }
        let version = try database.dataVersion()
        guard version != seenVersion else { return 0 }
        var batch = Batch(written)
        let results = try database.results(after: written.results, limit: limit)
        for result in results {
            append(result, to: &batch)
            batch.progress.results = result.seq
        }
        let deadLetters = try database.deadLetters(after: written.deadLetters, limit: limit)
        for letter in deadLetters {
            // With an id there is a result beside it.
            if letter.id.isEmpty { append(letter, to: &batch) }
            batch.progress.deadLetters = letter.seq
        }
        if results.count < limit, deadLetters.count < limit { seenVersion = version }
        if batch.progress == written { return 0 }
        try output.append(batch.results)
        try errors?.append(batch.errors)
        batch.progress.bytes = output.length
        batch.progress.errorBytes = errors?.length ?? 0
        try Files.write(batch.progress, to: paths.written)
        defer { written = batch.progress }
        return batch.progress.lines - written.lines
    }

    /// Results that are about to be written, and how far the run is then.
    private struct Batch {
        var progress: RunProgress
        var results: [UInt8] = []
        var errors: [UInt8] = []

        init(_ progress: RunProgress) { self.progress = progress }

        /// - Parameter outcome: `nil` when the result cannot be read.
        mutating func append(_ line: [UInt8], _ outcome: Outcome?, hasErrors: Bool) {
            let isFailure = outcome?.isFailure ?? true
            progress.lines += 1
            if isFailure { progress.failures.add(outcome) }
            if isFailure, hasErrors {
                errors += line + [UInt8(ascii: "\n")]
            } else {
                results += line + [UInt8(ascii: "\n")]
            }
        }
    }

    private func append(_ result: StoredResult, to batch: inout Batch) {
        let document = Array(result.body.utf8)[...]
        let outcome = Outcome(document)
        let line: [UInt8]
        if formats.isBatch(result.request), let outcome {
            let number = formats.lineNumber(of: result.request)
            let isOfTheLine = outcome.errorCode == ErrorCode.invalidRequest.rawValue
            line = ResultLine.batch(
                outcome, customID: JSONText.literal(outcome.id), number: number, line: isOfTheLine ? number : nil)
        } else {
            line = ResultLine.plain(document)
        }
        batch.append(line, outcome, hasErrors: errors != nil)
    }

    private func append(_ letter: StoredDeadLetter, to batch: inout Batch) {
        let number = formats.lineNumber(of: letter.request)
        var outcome = Outcome(deadLetter: letter.reason)
        let line: [UInt8]
        if formats.isBatch(letter.request) {
            outcome = Outcome(deadLetter: BatchLine.fault(in: letter.body[...]) ?? letter.reason)
            let id = BatchLine.customID(of: letter.body[...]).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
            line = ResultLine.batch(outcome, customID: id, number: number, line: number)
        } else {
            line = ResultLine.refusal(letter.reason, line: number)
        }
        batch.append(line, outcome, hasErrors: errors != nil)
    }

    /// Removes the state of a complete run; the identity first, since a state without it counts for nothing.
    func removeState() throws {
        try Files.remove(paths.identity)
        Files.synchronizeFolder(paths.state)
        try Files.remove(paths.state)
    }
}
