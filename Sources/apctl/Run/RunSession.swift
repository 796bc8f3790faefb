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
    /// How far results have been written.
    struct Written: Codable, Equatable {
        /// The last `results.seq` and `dead_letters.seq`.
        var results: Int64 = 0
        var deadLetters: Int64 = 0
        /// Length of the output.
        var bytes: Int64 = 0
        var lines = 0
        var failures = 0
    }

    let paths: RunPaths
    let identity: InputIdentity
    private let gateway: GatewayAddress?
    private let database: QueueDatabase
    private let output: OutputFile
    private let reader: LineReader
    private let lock: StateLock
    private var formats: LineFormats
    private(set) var fed: Int64 = 0
    /// Requests that were read but not yet put on the queue: those of the last try, when it failed.
    private var unfed: [Bytes] = []
    private(set) var written: Written
    private var seenVersion: Int64 = -1

    /// Starts a run, or goes on with one that was interrupted.
    ///
    /// - Parameters:
    ///   - gateway: whose paths the requests get.
    ///   - deadline: Unix seconds, for requests on the queue of an interrupted run that name none: time and gateway are
    ///     those of this command, not those of the one before. `nil` leaves them as they are.
    init(_ paths: RunPaths, gateway: GatewayAddress? = nil, deadline: Int64? = nil) throws {
        self.paths = paths
        self.gateway = gateway
        let isResumed = Files.exists(paths.identity)
        let input = RunInput(paths)
        // What comes through a pipe is copied into the state.
        if !isResumed, try input.isPipe { try Self.prepare(paths) }
        let file = try input.file(isResumed: isResumed)
        identity = try InputIdentity(path: file)
        if !isResumed { try Self.prepare(paths) }
        lock = try StateLock(path: paths.lock)
        if isResumed { try Self.check(identity, paths) }
        database = try QueueDatabase(path: paths.queue, create: !isResumed)
        written = try Files.read(Written.self, from: paths.written) ?? Written()
        output = try OutputFile(path: paths.output, length: written.bytes)
        reader = try LineReader(path: file)
        formats = LineFormats(first: try RequestLine.format(ofFirstIn: LineReader(path: file)))
        if isResumed {
            try database.releaseAll()
            try skip(database.lastSubmission(), deadline)
        } else {
            Files.synchronizeFolder(paths.state)
            try Files.write(identity, to: paths.identity)
        }
    }

    /// A state without identity is of a run that never began or was complete.
    private static func prepare(_ paths: RunPaths) throws {
        if let size = fileSize(paths.output), size > 0 {
            throw RunError("\(paths.output) exists already: remove it, or name another file with --results")
        }
        try Files.makeFolder(paths.state)
        let lock = try StateLock(path: paths.lock)
        for leftover in [paths.queue, paths.queue + "-wal", paths.queue + "-shm", paths.written] {
            try Files.remove(leftover)
        }
        withExtendedLifetime(lock) {}
    }

    private static func check(_ identity: InputIdentity, _ paths: RunPaths) throws {
        guard let known = try Files.read(InputIdentity.self, from: paths.identity), known == identity else {
            throw RunError(
                """
                \(paths.input) has changed since this run began. Put the old file back to go on, or remove \
                \(paths.output) and \(paths.state) to begin anew.
                """)
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
    var isFed: Bool { fed >= Int64(identity.lines) }
    var isComplete: Bool { isFed && open <= 0 }

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
            unfed.append(request.request[...])
            bytes += request.request.count
        }
    }

    /// Writes results that have come since; returns how many.
    func collect(limit: Int = 500) throws -> Int {
        // Results would go where nobody sees them; the next run opens what is there.
        do { try database.checkFile() } catch { throw RunError("\(error)", exitCode: 1) }
        let version = try database.dataVersion()
        guard version != seenVersion else { return 0 }
        var next = written
        var lines: [UInt8] = []
        let results = try database.results(after: written.results, limit: limit)
        for result in results {
            append(result, to: &lines, &next)
            next.results = result.seq
        }
        let deadLetters = try database.deadLetters(after: written.deadLetters, limit: limit)
        for letter in deadLetters {
            // With an id there is a result beside it.
            if letter.id.isEmpty { append(letter, to: &lines, &next) }
            next.deadLetters = letter.seq
        }
        if results.count < limit, deadLetters.count < limit { seenVersion = version }
        if next == written { return 0 }
        try output.append(lines)
        next.bytes = output.length
        try Files.write(next, to: paths.written)
        defer { written = next }
        return next.lines - written.lines
    }

    private func append(_ result: StoredResult, to lines: inout [UInt8], _ next: inout Written) {
        let document = Array(result.body.utf8)[...]
        let outcome = Outcome(document)
        if formats.isBatch(result.request), let outcome {
            lines += ResultLine.batch(
                outcome, customID: JSONText.literal(outcome.id), number: result.request)
        } else {
            lines += ResultLine.plain(document)
        }
        lines.append(UInt8(ascii: "\n"))
        next.lines += 1
        if outcome?.isFailure ?? true { next.failures += 1 }
    }

    private func append(_ letter: StoredDeadLetter, to lines: inout [UInt8], _ next: inout Written) {
        if formats.isBatch(letter.request) {
            let outcome = Outcome(deadLetter: BatchLine.fault(in: letter.body[...]) ?? letter.reason)
            let id = BatchLine.customID(of: letter.body[...]).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
            lines += ResultLine.batch(
                outcome, customID: id, number: letter.request, line: formats.lineNumber(of: letter.request))
        } else {
            lines += ResultLine.deadLetter(letter.reason, line: formats.lineNumber(of: letter.request))
        }
        lines.append(UInt8(ascii: "\n"))
        next.lines += 1
        next.failures += 1
    }

    /// Removes the state of a complete run; the identity first, since a state without it counts for nothing.
    func removeState() throws {
        try Files.remove(paths.identity)
        Files.synchronizeFolder(paths.state)
        try Files.remove(paths.state)
    }
}
