import Links

extension Simulation {
    /// Writes a frame into a pipe, which may lose, delay or repeat it.
    mutating func write(_ frame: SimulatedFrame, to index: Int) {
        trace?("\(now) writes to \(index) at \(pipes[index].destination): \(frame)")
        let pipe = pipes[index]
        if pipe.isStuck || now < pipe.lostUntil || (!isHealed && random.chance(schedule.dropped)) {
            lose(frame, pipe)
            return
        }
        if !isHealed {
            if random.chance(schedule.delayed) {
                pipe.stalledUntil = max(pipe.stalledUntil, now + random.number(5...1500))
            }
        }
        let last = pipe.frames.last?.arrives ?? 0
        let arrives = max(now + random.number(0...3), pipe.stalledUntil, last)
        if !isHealed, random.chance(schedule.repeated) {
            at(arrives + random.number(1...4000), .late(pipe.destination, frame))
        }
        pipe.frames.append((arrives, frame))
        at(arrives, .pipe(index))
    }

    mutating func lose(_ frame: SimulatedFrame, _ pipe: Pipe) {
        trace?("\(now) \(pipe.destination) loses \(frame)")
        ledger.disturb(frame)
        if frame.assignment != nil { processes[pipe.destination].lostFrames += 1 }
    }

    /// Frames for a dead process wait for whoever comes next at its address.
    mutating func deliverDue(_ index: Int) {
        let pipe = pipes[index]
        let process = processes[pipe.destination]
        while process.isAlive, let first = pipe.frames.first, first.arrives <= now {
            pipe.frames.removeFirst()
            if let addressee = pipe.addressee, addressee != process.generation {
                lose(first.frame, pipe)
            } else {
                deliver(first.frame, to: process)
            }
        }
    }

    mutating func deliver(_ frame: SimulatedFrame, to process: SimulatedProcess) {
        switch process.condition {
        case .dead: ledger.disturb(frame)
        case .frozen:
            trace?("\(now) \(process.slot) is frozen: \(frame)")
            process.inbox.append(frame)
        case .running:
            trace?("\(now) \(process.slot) takes \(frame)")
            receive(frame, process)
            endTurn(process)
        }
    }

    /// Everything under way is lost, but for what was read already and comes late; then the connection is back.
    mutating func cut(_ index: Int) {
        let pipe = pipes[index]
        let kept = random.number(0...pipe.frames.count)
        for (position, entry) in pipe.frames.enumerated() {
            if position < kept {
                ledger.disturb(entry.frame)
                at(now + random.number(0...1500), .late(pipe.destination, entry.frame))
            } else {
                lose(entry.frame, pipe)
            }
        }
        pipe.frames.removeAll()
        pipe.stalledUntil = max(pipe.stalledUntil, now + random.number(10...1200))
        if defect == .everythingSentAgainAfterCut { sendEverythingAgain(pipe) }
    }

    mutating func dataPipe(from process: SimulatedProcess, to slot: Int, peer: Int) -> Int {
        let index = newPipe(from: process, to: slot)
        process.dataPipes[peer] = index
        return index
    }

    func slot(ofAddress address: String) -> Int { numbers(in: address).first ?? 0 }

    /// The slot an address leads to, and the incarnation there, where it matters.
    private func numbers(in address: String) -> [Int] { address.split(separator: "-").compactMap { Int($0) } }

    /// Whether nobody is at an ack address.
    func leadsNowhere(_ address: String) -> Bool {
        let numbers = numbers(in: address)
        guard let slot = numbers.first else { return true }
        return !processes[slot].isAlive || (numbers.count > 1 && numbers[1] != processes[slot].generation)
    }

    /// `nil` for the address of a stranger, where nobody is.
    mutating func ackPipe(from process: SimulatedProcess, to address: String) -> Int? {
        if let index = process.ackPipes[address] { return index }
        let numbers = numbers(in: address)
        guard let slot = numbers.first else { return nil }
        let index = newPipe(from: process, to: slot, addressee: numbers.count > 1 ? numbers[1] : nil)
        process.ackPipes[address] = index
        return index
    }

    private mutating func newPipe(from process: SimulatedProcess, to slot: Int, addressee: Int? = nil) -> Int {
        pipes.append(Pipe(from: process.slot, generation: process.generation, to: slot, addressee: addressee))
        return pipes.count - 1
    }

    /// The socket is closed without lingering; some of what it had handed over may still arrive.
    mutating func replace(_ index: Int) {
        pipes[index].isStuck = false
        cut(index)
    }
}
