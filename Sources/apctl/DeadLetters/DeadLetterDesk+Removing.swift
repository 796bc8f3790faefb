import Queue

/// What removes letters.
extension DeadLetterDesk {
    /// Puts requests back on their queue.
    ///
    /// - Parameter isForced: Also those of which nothing good will come.
    func requeue(_ wanted: Wanted, isForced: Bool) throws(QueueError) -> Bool {
        let (letters, isComplete) = try selectForRemoval(wanted)
        var tally = Tally()
        for batch in letters.batches {
            var going: [Requeueing] = []
            for letter in batch {
                let verdict = RequeueVerdict(letter, needsDeadline: store.needsDeadline, isForced: isForced, now: now)
                switch verdict {
                case .keep(let reason): keep(letter, reason, &tally)
                case .go(let deadline, let warning):
                    if let warning { output.error("warning: \(letter.name): \(warning)") }
                    going.append(Requeueing(letter: letter, deadline: deadline))
                }
            }
            for (requeueing, removal) in zip(going, try store.requeue(going)) {
                note(removal, requeueing.letter, &tally) { output.line("requeued \(requeueing.letter.name)") }
            }
        }
        sum(tally, "requeued")
        return isComplete && tally.isClean
    }

    /// Removes letters for good and says which.
    func delete(_ wanted: Wanted, asJSON: Bool) throws(QueueError) -> Bool {
        let (letters, isComplete) = try selectForRemoval(wanted)
        var tally = Tally()
        for batch in letters.batches {
            for (letter, removal) in zip(batch, try store.delete(batch)) {
                note(removal, letter, &tally) {
                    if asJSON {
                        output.out(letter.json)
                    } else {
                        output.line("deleted \(letter.name): \(letter.reason.onOneLine)")
                    }
                }
            }
        }
        if !asJSON { sum(tally, "deleted") }
        return isComplete && tally.isClean
    }

    private func selectForRemoval(_ wanted: Wanted) throws(QueueError) -> (letters: [DeadLetter], isComplete: Bool) {
        let selected = try select(wanted, takesPlaces: false)
        if wanted == .all, selected.letters.isEmpty { output.error(none) }
        return selected
    }

    private func note(_ removal: Removal, _ letter: DeadLetter, _ tally: inout Tally, done: () -> Void) {
        switch removal {
        case .done:
            tally.done += 1
            done()
        case .gone:
            tally.gone += 1
            output.error("gone \(letter.name): somebody else has just removed it")
        case .kept(let reason): keep(letter, reason, &tally)
        }
    }

    private func keep(_ letter: DeadLetter, _ reason: String, _ tally: inout Tally) {
        tally.kept += 1
        output.error("kept \(letter.name): \(reason)")
    }

    private func sum(_ tally: Tally, _ verb: String) {
        guard tally.done + tally.gone + tally.kept > 1 else { return }
        var text = "\(tally.done) \(verb)"
        if tally.kept > 0 { text += ", \(tally.kept) kept" }
        if tally.gone > 0 { text += ", \(tally.gone) gone" }
        output.line(text)
    }
}

/// How removals went.
private struct Tally {
    var done = 0
    var gone = 0
    var kept = 0

    var isClean: Bool { gone == 0 && kept == 0 }
}

extension [DeadLetter] {
    /// What is removed by one call: few enough that the server serves others in between.
    fileprivate var batches: [[DeadLetter]] {
        var batches: [[DeadLetter]] = []
        var bytes = 0
        for letter in self {
            if let last = batches.last, last.count < 100, bytes + letter.body.count < 4 << 20 {
                batches[batches.count - 1].append(letter)
                bytes += letter.body.count
            } else {
                batches.append([letter])
                bytes = letter.body.count
            }
        }
        return batches
    }
}
