/// What the simulator knows and the processes do not: what became of each request, and of each transmission.
struct Ledger {
    /// A request in the queue.
    struct Request {
        var bytes: Int
        /// It kills the relay that begins with it.
        var isPoison: Bool
        var isOutcomePoison: Bool
        var isUnreadable: Bool
        var owner: Int
        var isSettled = false
        var isDeadLetter = false
    }

    /// One message offered to a sender; what comes of it is another item.
    struct Item {
        var request: Int
        var isDeadLetter: Bool
        /// Times a receiver began with it.
        var executions = 0
        /// Holders that died or were silent for too long.
        var causes = 0
        /// Losses counted before it was offered here.
        var inherited = 0
        /// Of an outcome: the message it came of.
        var parent: Int?
        var isSettled = false
        /// Its newest transmission.
        var assignment: Int?
    }

    /// One item under one number of one session.
    struct Assignment {
        var item: Int
        var session: UInt64
        var number: UInt64
        var hasCause = false
        /// The cause is silence, which may end.
        var isSilent = false
        var isOver = false
        var travelsAlone: Bool
        var transmissions = 0
        /// Transmissions that were lost, came out of order, or found nobody.
        var disturbances = 0
        var wasRefused = false
        var wasTaken = false
    }

    struct Key: Hashable {
        var session: UInt64
        var number: UInt64
    }

    var requests: [Request] = []
    var items: [Item] = []
    var assignments: [Assignment] = []
    var byNumber: [Key: Int] = [:]
    /// Numbers begun, by receiver instance.
    var begun: Set<Begun> = []
    private(set) var violations: [String] = []

    struct Begun: Hashable {
        var instance: UInt64
        var key: Key
    }

    mutating func violation(_ text: String) {
        if violations.count < 5 { violations.append(text) }
    }

    /// A receiver begins with a message.
    mutating func begin(item: Int, instance: UInt64, session: UInt64, number: UInt64) {
        items[item].executions += 1
        if !begun.insert(Begun(instance: instance, key: Key(session: session, number: number))).inserted {
            violation("number \(number) was executed twice by one instance")
        }
        if items[item].executions > 1 + items[item].causes {
            violation("item \(item) was executed \(items[item].executions) times, \(items[item].causes) holders lost")
        }
    }

    /// A sender learned that an item is done.
    mutating func done(item: Int) {
        if !items[item].isSettled { violation("item \(item) is done before it is") }
    }

    /// A sink's queue has accepted an outcome.
    mutating func settle(item: Int) {
        items[item].isSettled = true
        if let parent = items[item].parent { items[parent].isSettled = true }
        if items[item].isDeadLetter { requests[items[item].request].isDeadLetter = true }
        requests[items[item].request].isSettled = true
    }

    /// A holder of this transmission died, or was silent for too long.
    mutating func addCause(_ assignment: Int, isSilence: Bool = false) {
        if !isSilence { assignments[assignment].isSilent = false }
        guard !assignments[assignment].hasCause, !assignments[assignment].isOver else { return }
        assignments[assignment].hasCause = true
        assignments[assignment].isSilent = isSilence
        items[assignments[assignment].item].causes += 1
    }

    /// The holder speaks again, and nobody else was given the item meanwhile.
    mutating func endSilence(_ assignment: Int) {
        guard assignments[assignment].isSilent, !assignments[assignment].isOver else { return }
        assignments[assignment].isSilent = false
        assignments[assignment].hasCause = false
        items[assignments[assignment].item].causes -= 1
    }

    /// The receiver does not have the session: that gives back what it holds open, if nothing of it has ever arrived there.
    mutating func refuseUnlessTaken(_ indices: [Int]) {
        guard !indices.contains(where: { assignments[$0].wasTaken }) else { return }
        for index in indices { assignments[index].wasRefused = true }
    }

    mutating func disturb(_ frame: SimulatedFrame) {
        if let assignment = frame.assignment { assignments[assignment].disturbances += 1 }
    }

    /// Whether no receiver can have the item: it was never sent, or given back.
    func isAnybodys(_ item: Int) -> Bool {
        guard let last = items[item].assignment else { return true }
        return assignments[last].wasRefused && assignments[last].isOver && !assignments[last].hasCause
    }

    /// A sender hands a frame to its socket.
    ///
    /// - Returns: the transmission's index, and whether it is the first under this number.
    mutating func transmit(item: Int, session: UInt64, number: UInt64, losses: Int) -> (Int, isFirst: Bool) {
        let key = Key(session: session, number: number)
        if losses > items[item].causes + items[item].inherited {
            violation("item \(item) counts \(losses) losses, \(items[item].causes) holders were lost")
        }
        if let index = byNumber[key] {
            if assignments[index].item != item { violation("number \(number) was used for another message") }
            assignments[index].transmissions += 1
            if assignments[index].transmissions > 1 + assignments[index].disturbances {
                violation("number \(number) was sent \(assignments[index].transmissions) times without cause")
            }
            return (index, false)
        }
        if let last = items[item].assignment, !assignments[last].hasCause, !assignments[last].wasRefused {
            violation("item \(item) was moved without cause")
        }
        if let last = items[item].assignment { assignments[last].isOver = true }
        items[item].assignment = assignments.count
        assignments.append(
            Assignment(item: item, session: session, number: number, travelsAlone: losses >= 2, transmissions: 1))
        byNumber[key] = assignments.count - 1
        return (assignments.count - 1, true)
    }
}
