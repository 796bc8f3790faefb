import DequeModule
import Links

extension Simulation {
    mutating func inflict(_ fault: Schedule.Fault) {
        trace?("\(now) fault \(fault)")
        switch fault {
        case .kill(let level): kill(anyProcess(level))
        case .freeze(let level, let milliseconds):
            let process = anyProcess(level)
            guard process.condition == .running else { return }
            process.condition = .frozen
            at(now + milliseconds, .thaw(process.slot))
        case .cut: if let index = anyPipe() { cut(index) }
        case .blackhole(let milliseconds): if let index = anyPipe() { pipes[index].lostUntil = now + milliseconds }
        case .stuck:
            if let index = anyPipe() {
                pipes[index].isStuck = true
                for entry in pipes[index].frames { lose(entry.frame, pipes[index]) }
                pipes[index].frames.removeAll()
            }
        case .stall(let milliseconds): if let index = anyPipe() { pipes[index].stalledUntil = now + milliseconds }
        case .drain(let level): drain(anyProcess(level))
        case .drainAll: for process in processes { at(now + random.number(0...300), .drain(process.slot)) }
        case .strangers(let level, let count): comeStrangers(to: anyProcess(level), count)
        case .oddReport(let level): reportOddly(anyProcess(level))
        case .dns(let level):
            let process = anyProcess(level)
            process.isNamed.toggle()
        }
    }

    /// Some know the process, none is there, and all write what they like.
    private mutating func comeStrangers(to process: SimulatedProcess, _ count: Int) {
        guard process.condition == .running, process.level > 0 else { return }
        for _ in 0..<count {
            let hello = Hello(
                session: random.next() | 1, receiver: random.chance(600) ? process.instance : random.element([0, 7]),
                number: random.element([1, 2, 1 << 62]), ackAddress: "nobody's \(random.next())",
                last: random.element([0, 0, 0, 5]), heard: random.element([0, 1, 3, 1 << 62]))
            process.receiver?.receive(hello, now: now.milliseconds)
            _ = process.receiver?.take(session: random.next() | 1, number: 1)
        }
        endTurn(process)
    }

    /// Its numbers are what nobody counts to; what it says of messages is true, or it would be about them.
    private mutating func reportOddly(_ process: SimulatedProcess) {
        guard process.condition == .running, process.level > 0 else { return }
        for sender in processes where sender.level == process.level - 1 && sender.condition == .running {
            for session in sender.watched where sender.watches[session]?.receiver == process.instance {
                let report = Report(
                    session: session, receiver: process.instance,
                    number: random.element([1, 1 << 40, 1 << 62]), answers: random.element([0, 1, 3, 1 << 62]),
                    isOpen: true, limit: 0)
                if !isDeaf(sender, to: report) { sender.sender?.receive(report, now: now.milliseconds) }
            }
            endTurn(sender)
        }
    }

    private mutating func anyProcess(_ level: Int) -> SimulatedProcess {
        random.element(processes.filter { $0.level == level })
    }

    private mutating func anyPipe() -> Int? {
        let living = pipes.indices.filter { isLiving(pipes[$0]) }
        return living.isEmpty ? nil : random.element(living)
    }

    private func isLiving(_ pipe: Pipe) -> Bool {
        processes[pipe.source].isAlive && processes[pipe.source].generation == pipe.generation
    }

    /// The process is gone at once, with everything in it.
    mutating func kill(_ process: SimulatedProcess) {
        guard process.isAlive else { return }
        end(process)
        at(now + random.number(50...5000), .restart(process.slot))
    }

    private mutating func end(_ process: SimulatedProcess) {
        trace?("\(now) \(process.slot) dies")
        process.condition = .dead
        for frame in process.inbox { ledger.disturb(frame) }
        process.inbox.removeAll()
        if let sender = process.sender { totals.add(sender.totals) }
        process.sender = nil
        process.receiver = nil
        blame(process)
        for index in pipes.indices where pipes[index].source == process.slot || pipes[index].destination == process.slot
        {
            loseTail(pipes[index])
        }
    }

    /// Whoever fed the process has lost a holder.
    private mutating func blame(_ process: SimulatedProcess) {
        for other in processes where other.level == process.level - 1 {
            for session in other.watched {
                guard let watch = other.watches[session], watch.receiver == process.instance else { continue }
                for assignment in watch.assignments { ledger.addCause(assignment) }
            }
        }
    }

    /// What had left the machine may arrive; the rest is gone.
    private mutating func loseTail(_ pipe: Pipe) {
        let kept = random.number(0...pipe.frames.count)
        while pipe.frames.count > kept, let last = pipe.frames.popLast() { lose(last.frame, pipe) }
    }

    mutating func restart(_ process: SimulatedProcess) {
        guard !process.isAlive else { return }
        trace?("\(now) \(process.slot) starts")
        begin(process)
        for index in pipes.indices where pipes[index].destination == process.slot { at(now, .pipe(index)) }
    }

    /// All that arrived meanwhile is read before the clock is looked at.
    mutating func thaw(_ process: SimulatedProcess) {
        guard process.condition == .frozen else { return }
        process.condition = .running
        if defect == .frozenTimeCountedAsSilence { tick(process) }
        while let frame = process.inbox.popFirst() { receive(frame, process) }
        if process.condition == .running { tick(process) }
    }

    mutating func drain(_ process: SimulatedProcess) {
        guard process.condition == .running, !process.isDraining else { return }
        process.isDraining = true
        process.drainEnds = now + random.element([3000, 30_000])
        process.sender?.beginDrain(returningUnsent: process.level == 0, now: now.milliseconds)
        process.receiver?.beginDrain(now: now.milliseconds)
        for entry in process.waiting {
            let key = Ledger.Key(session: entry.ticket.session, number: entry.ticket.number)
            if let index = ledger.byNumber[key] { ledger.assignments[index].wasRefused = true }
        }
        endTurn(process)
    }

    /// A draining process leaves when it may, or when its time is over; then it holds things like one that died.
    mutating func leaveIfDone(_ process: SimulatedProcess) {
        guard process.isDraining, process.condition == .running else { return }
        let isIdle = process.sender?.isIdle ?? true
        let mayLeave = process.receiver?.canLeave(now: now.milliseconds) ?? true
        guard (isIdle && mayLeave) || now >= process.drainEnds else { return }
        if !(isIdle && mayLeave) { blame(process) }
        process.sender?.leave()
        process.receiver?.leave()
        endTurn(process)
        process.watches = [:]
        if isIdle && mayLeave { endQuietly(process) } else { end(process) }
        at(now + random.number(50...3000), .restart(process.slot))
    }

    /// Leaves without a trace: nobody may lose anything by it, but senders it could not talk to any more.
    private mutating func endQuietly(_ process: SimulatedProcess) {
        trace?("\(now) \(process.slot) leaves")
        for other in processes where other.level == process.level - 1 {
            for session in other.watched {
                guard let watch = other.watches[session], watch.receiver == process.instance else { continue }
                let isLive = process.receiver?.sessionStatus.contains { $0.session == session && $0.isLive } ?? false
                if !isLive { for assignment in watch.assignments { ledger.addCause(assignment) } }
            }
        }
        process.condition = .dead
        if let sender = process.sender { totals.add(sender.totals) }
        process.sender = nil
        process.receiver = nil
    }

    /// The end of all faults: everybody lives, nothing is lost any more.
    mutating func heal() {
        isHealed = true
        for pipe in pipes {
            pipe.lostUntil = 0
            pipe.isStuck = pipe.isStuck && isLiving(pipe)
        }
        for process in processes { process.isNamed = true }
        for process in processes {
            if process.condition == .frozen { thaw(process) }
            restart(process)
            resolve(process)
        }
    }
}
