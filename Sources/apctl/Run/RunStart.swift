/// Finds or makes the state of a run.
///
/// A new run counts for nothing until `begin` has written its record: whatever ends it before leaves the files of earlier
/// ones as they were, but for failed results that are about to be asked for again.
struct RunStart {
    let isResumed: Bool
    let lock: StateLock
    /// The file whose lines are sent.
    let lines: String
    let total: Int
    let written: RunProgress
    let note: String?
    private let paths: RunPaths
    private let record: RunRecord
    private let replacesResults: Bool

    /// - Parameter onlyFailed: a new run sends the lines that have no good result; one that was interrupted goes on.
    init(_ paths: RunPaths, onlyFailed: Bool) throws {
        self.paths = paths
        try paths.checkThatAllDiffer()
        isResumed = Files.exists(paths.identity)
        let input = RunInput(paths)
        // Before anything is made; what comes through a pipe is copied into the state first.
        let early = try input.isPipe ? nil : InputSurvey(path: paths.input)
        if !isResumed { try Self.prepare(paths, mayHaveResults: onlyFailed) }
        lock = try StateLock(path: paths.lock)
        let file = try input.file(isResumed: isResumed)
        let survey = try early ?? InputSurvey(path: file)
        if isResumed {
            record = try Self.check(survey.identity, paths)
            written = try Files.read(RunProgress.self, from: paths.written) ?? RunProgress()
            (replacesResults, note) = (false, nil)
            lines = Files.exists(paths.selection) ? paths.selection : file
        } else if onlyFailed {
            let failed = try FailedLines(of: file, paths)
            record = RunRecord(input: survey.identity, lines: failed.count, errors: paths.errors)
            written = RunProgress(bytes: failed.keptBytes)
            note = "\(failed.count) of \(survey.identity.lines) lines have no good result and are sent again."
            (replacesResults, lines) = (true, paths.selection)
        } else {
            record = RunRecord(input: survey.identity, lines: survey.identity.lines, errors: paths.errors)
            written = RunProgress()
            (replacesResults, lines, note) = (false, file, survey.repetitionNote)
        }
        total = record.lines
    }

    /// Puts the results that are kept into the place of all; before they are opened.
    func replaceResults() throws {
        guard replacesResults else { return }
        try Files.write(written, to: paths.written)
        try Files.rename(paths.kept, to: paths.output)
    }

    /// Makes what was prepared count.
    func begin() throws {
        Files.synchronizeFolder(paths.state)
        try Files.write(record, to: paths.identity)
    }

    /// A state without a record is of a run that never began or was complete.
    private static func prepare(_ paths: RunPaths, mayHaveResults: Bool) throws {
        let files = paths.isOutputStream ? [paths.errors] : [paths.output, paths.errors]
        for file in files.compactMap(\.self) where !mayHaveResults && fileSize(file) ?? 0 > 0 {
            throw RunError(
                """
                \(file) exists already: remove it, name another file with --results or --errors, or send what failed \
                again with --retry-failed
                """)
        }
        try Files.makeFolder(paths.state)
        let lock = try StateLock(path: paths.lock)
        for leftover in [paths.queue, paths.queue + "-wal", paths.queue + "-shm", paths.written, paths.selection] {
            try Files.remove(leftover)
        }
        withExtendedLifetime(lock) {}
    }

    private static func check(_ identity: InputIdentity, _ paths: RunPaths) throws -> RunRecord {
        guard let known = try Files.read(RunRecord.self, from: paths.identity), known.input == identity else {
            throw RunError(
                """
                \(paths.input) has changed since this run began. Put the old file back to go on, or remove \
                \(paths.output) and \(paths.state) to begin anew.
                """)
        }
        guard known.errors == paths.errors else {
            throw RunError(
                "this run began \(known.errors.map { "with --errors \($0)" } ?? "without --errors"); go on like that")
        }
        return known
    }
}
