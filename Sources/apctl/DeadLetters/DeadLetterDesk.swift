import Queue

/// Where an operator's command writes.
struct Output {
    /// What was asked for.
    var out: ([UInt8]) -> Void
    /// Troubles, a line each.
    var error: (String) -> Void
    /// Whether `out` goes to a terminal.
    var isTerminal = false

    static var console: Output {
        Output(
            out: { Console.out($0) }, error: { Console.error($0.onOneLine + "\n") }, isTerminal: Console.outIsTerminal)
    }

    func line(_ text: String) { out(Array((text + "\n").utf8)) }
}

/// What an operator does with dead letters.
///
/// Each function says whether everything that was asked for was done. Letters that are to be shown or removed are held
/// in memory; in Redis they are, too.
struct DeadLetterDesk {
    let store: any DeadLetterStore
    let output: Output
    /// Unix seconds.
    let now: Int64

    /// - Parameters:
    ///   - limit: So many, the oldest; `nil` for all.
    ///   - columns: Of the terminal; `nil` for lines of any length.
    func list(limit: Int?, asJSON: Bool, columns: Int?) throws(QueueError) -> Bool {
        var letters: [DeadLetter] = []
        let count = try store.scan(first: limit) { letter in
            var letter = letter
            if !asJSON { letter.forgetBody() }
            letters.append(letter)
        }
        letters.sort { $0.number.place < $1.number.place }
        if asJSON {
            for letter in letters { output.out(letter.json) }
        } else if !letters.isEmpty {
            output.out(Array(DeadLetterTable(letters).text(columns: columns).utf8))
        }
        if letters.isEmpty {
            if asJSON { output.error(none) } else { output.line(none) }
        } else if count > letters.count {
            output.error("These are the oldest \(letters.count) of \(count).")
        }
        return true
    }

    /// - Parameter bodyOnly: Its very bytes and nothing else, of one letter.
    func show(_ wanted: Wanted, bodyOnly: Bool) throws(QueueError) -> Bool {
        let (letters, isComplete) = try select(wanted, takesPlaces: true)
        if bodyOnly {
            guard letters.count <= 1 else {
                output.error(
                    "\(letters.count) dead letters match, and the body of one can be had; give its number: "
                        + letters.map { "\($0.number)" }.joined(separator: ", "))
                return false
            }
            for letter in letters { output.out(letter.body) }
            return isComplete
        }
        for (index, letter) in letters.enumerated() {
            output.out((index > 0 ? [UInt8(ascii: "\n")] : []) + letter.sheet(onTerminal: output.isTerminal))
        }
        return isComplete
    }

    /// The letters that are wanted, oldest first, and whether every argument named some.
    ///
    /// - Parameter takesPlaces: See `Selection`.
    func select(
        _ wanted: Wanted, takesPlaces: Bool
    ) throws(QueueError) -> (letters: [DeadLetter], isComplete: Bool) {
        switch wanted {
        case .all:
            var letters: [DeadLetter] = []
            _ = try store.scan(first: nil) { letters.append($0) }
            return (letters.sorted { $0.number.place < $1.number.place }, true)
        case .some(let arguments, let naming):
            var selection = Selection(arguments, naming, takesPlaces: takesPlaces)
            let count = try store.scan(first: nil) { selection.visit($0) }
            let (letters, problems) = selection.result
            for problem in problems { output.error(problem) }
            if !problems.isEmpty { output.error(count == 0 ? none : "\(count) dead letters are in \(store.place).") }
            return (letters, problems.isEmpty)
        }
    }

    var none: String { "There are no dead letters in \(store.place)." }
}

extension DeadLetter {
    /// Only the body may be large, and what it was read from.
    fileprivate mutating func forgetBody() {
        body = []
        key = .row(number.place)
    }
}
