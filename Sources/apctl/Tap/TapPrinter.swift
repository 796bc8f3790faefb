import Messages

/// Says which copies are printed, and how.
struct TapPrinter {
    struct Options: Equatable {
        var showsPayloads = false
        var isJSON = false
        /// Copies printed in a second, at most.
        var rate: Int?
        /// Copies after which it ends.
        var count: Int?
    }

    let filter: TapFilter
    let options: Options
    private var lines: TapLines
    private var second: Int64 = .min
    private var printedInSecond = 0
    private var leftOut = 0
    private(set) var printed = 0
    private var stagesWithoutPayloads: Set<String> = []
    private var hasSeenStranger = false

    init(filter: TapFilter, options: Options, isColoured: Bool) {
        self.filter = filter
        self.options = options
        lines = TapLines(isColoured: isColoured)
    }

    var isFinished: Bool { options.count.map { printed >= $0 } ?? false }

    /// What is printed for one copy, and what is said beside it; empty where there is nothing.
    ///
    /// - Parameter now: any clock's seconds.
    mutating func print(_ document: [UInt8], now: Int64) -> (output: String, note: String) {
        if isFinished { return ("", "") }
        var note = pass(to: now)
        // A copy that is left out for its number needs no look inside, unless only that says whether it is wanted.
        let isAdmitted = options.rate.map { printedInSecond < $0 } ?? true
        if !isAdmitted && !filter.needsDocument {
            leftOut += 1
            return ("", note)
        }
        guard let record = TapRecord(document) else {
            if !hasSeenStranger { note += "what comes is not from a stage of the Async Processor\n" }
            hasSeenStranger = true
            return ("", note)
        }
        guard filter.wants(record) else { return ("", note) }
        guard isAdmitted else {
            leftOut += 1
            return ("", note)
        }
        printed += 1
        printedInSecond += 1
        note += noteOnPayloads(record)
        return (text(record), note)
    }

    /// Lets time pass.
    ///
    /// - Returns: what is to be said about the seconds that are over.
    mutating func pass(to now: Int64) -> String {
        guard now > second else { return "" }
        second = now
        printedInSecond = 0
        defer { leftOut = 0 }
        return leftOut == 0 ? "" : "\(leftOut) more left out (--rate)\n"
    }

    private mutating func text(_ record: TapRecord) -> String {
        if options.isJSON {
            let json = record.json(withPayloads: options.showsPayloads)
            return String(decoding: json, as: UTF8.self).escapingHidden + "\n"
        }
        return lines.text(of: record, withPayloads: options.showsPayloads)
    }

    private mutating func noteOnPayloads(_ record: TapRecord) -> String {
        let stage = printable(record.text("stage"))
        guard options.showsPayloads, record.lacksPayloads, stagesWithoutPayloads.insert(stage).inserted else {
            return ""
        }
        return "\(stage) publishes no payloads; it does when started with --tap-payloads\n"
    }
}
