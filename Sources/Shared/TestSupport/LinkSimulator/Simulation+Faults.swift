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
        case .dns(let level):
            let process = anyProcess(level)
            process.isNamed.toggle()
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
