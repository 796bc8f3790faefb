import DequeModule
import Links

extension Simulation {
    /// Starts a process in its slot.
    mutating func begin(_ process: SimulatedProcess) {
        process.generation += 1
        process.condition = .running
        process.isDraining = false
        process.instance = random.next() | 1
        if process.generation == 1 || defect != .numbersReusedAfterRestart { process.seed = random.next() }
        process.running = 0
        process.lastGap = 0
        process.lastStep = now
        process.lostFrames = 0
        process.watches = [:]
        process.watched = []
        process.waiting = []
        process.working = 0
        process.dataPipes = [:]
        process.ackPipes = [:]
        process.reportedOnce = [:]
        process.inbox = []
        process.unreachable = [:]
        process.ackAddress = "acks-\(process.slot)" + (schedule.movesOnRestart ? "-\(process.generation)" : "")
        if process.level < 2 {
            process.sender = MessageSender(
                ackAddress: process.ackAddress,
                maxLosses: defect == .poisonPassedOn ? .max : schedule.maxLosses, seed: process.seed,
                aloneFrom: defect == .poisonNotIsolated ? .max : 2)
            resolve(process)
        }
        if process.level > 0 { process.receiver = LinkReceiver(instance: process.instance, limits: Self.limits) }
        let again = process.leased.filter { !ledger.requests[$0].isSettled }
        process.leased = []
        for request in again { lease(request) }
        endTurn(process)
    }

    mutating func resolve(_ process: SimulatedProcess) {
        guard process.level < 2 else { return }
        let named = processes.filter { $0.level == process.level + 1 && $0.isNamed }
        process.sender?.resolve(named.map(\.address), now: now.milliseconds)
    }

    /// An ingest takes a request from the queue; if none is there now, it is taken later.
    mutating func lease(_ request: Int) {
        let owner = processes[ledger.requests[request].owner]
        guard owner.condition == .running, !owner.isDraining else {
            at(now + 200, .offer(request))
            return
        }
        owner.leased.append(request)
        ledger.items.append(Ledger.Item(request: request, isDeadLetter: false))
        offer(owner, item: ledger.items.count - 1, ticket: nil, losses: 0)
        endTurn(owner)
    }

    mutating func receive(_ frame: SimulatedFrame, _ process: SimulatedProcess) {
        switch frame {
        case .message(let session, let number, let item, let losses, let assignment):
            take(process, session, number, item: item, losses: losses, assignment: assignment)
        case .hello(var hello):
            if defect == .sessionOpenedByAnotherInstance { hello.receiver = process.instance }
            process.receiver?.receive(hello, now: now.milliseconds)
        case .report(let report):
            process.advance(to: now)
            hear(process, believed(report, process))
        }
    }

    private mutating func take(
        _ process: SimulatedProcess, _ session: UInt64, _ number: UInt64, item: Int, losses: Int, assignment: Int
    ) {
        switch process.receiver?.take(session: session, number: number) {
        case .take(let ticket):
            ledger.assignments[assignment].wasTaken = true
            let request = ledger.requests[ledger.items[item].request]
            if request.isUnreadable, process.level == 1, !ledger.items[item].isDeadLetter {
                process.receiver?.refuse(ticket, .undecodable)
                ledger.assignments[assignment].wasRefused = true
            } else {
                process.waiting.append((ticket, item, losses))
            }
        case .refused: ledger.assignments[assignment].wasRefused = true
        case .unknownSession: ledger.assignments[assignment].disturbances += 1
        case .duplicate, nil: break
        }
    }

    private mutating func hear(_ process: SimulatedProcess, _ report: Report) {
        if isDeaf(process, to: report) { return }
        if var watch = process.watches[report.session], report.number > watch.highestReport {
            watch.highestReport = report.number
            watch.lastHeard = process.running
            process.watches[report.session] = watch
            for assignment in watch.assignments { ledger.endSilence(assignment) }
        }
        if !report.isOpen, let watch = process.watches[report.session], watch.receiver == report.receiver {
            ledger.refuseUnlessTaken(watch.assignments)
        }
        for refusal in report.refused {
            if let index = ledger.byNumber[Ledger.Key(session: report.session, number: refusal.number)] {
                ledger.assignments[index].wasRefused = true
                ledger.assignments[index].isOver = true
            }
        }
        var report = report
        if defect == .refusedForgotten { report.refused = [] }
        process.sender?.receive(report, now: now.milliseconds)
    }

    /// Begins with what waits, as far as the concurrency goes.
    mutating func startWaiting(_ process: SimulatedProcess) {
        while process.working < schedule.concurrency, let next = process.waiting.popFirst() {
            guard process.receiver?.start(next.ticket) == true else { continue }
            ledger.begin(
                item: next.item, instance: process.instance, session: next.ticket.session, number: next.ticket.number)
            process.working += 1
            if process.level == 1 { work(process, next.ticket, item: next.item, losses: next.losses) }
            if process.level == 2 { settle(process, next.ticket, item: next.item) }
        }
    }

    private mutating func work(
        _ process: SimulatedProcess, _ ticket: LinkReceiver.Ticket, item: Int, losses: Int
    ) {
        let takes = random.number(0...schedule.longestWork)
        let isDeadLetter = ledger.items[item].isDeadLetter
        if ledger.requests[ledger.items[item].request].isPoison, !isDeadLetter {
            at(now + takes / 4, .die(process.slot, generation: process.generation))
        }
        if defect == .doneBeforeProcessing { process.receiver?.finish(ticket) }
        at(
            now + (isDeadLetter ? 0 : takes),
            .work(process.slot, generation: process.generation, ticket, item: item, losses: losses))
    }

    mutating func finishWork(
        _ process: SimulatedProcess, _ generation: Int, _ ticket: LinkReceiver.Ticket, item: Int, losses: Int
    ) {
        guard process.generation == generation, process.isAlive else { return }
        if process.condition == .frozen {
            at(now + 50, .work(process.slot, generation: generation, ticket, item: item, losses: losses))
            return
        }
        process.working -= 1
        let parent = ledger.items[item]
        ledger.items.append(Ledger.Item(request: parent.request, isDeadLetter: parent.isDeadLetter, parent: item))
        offer(process, item: ledger.items.count - 1, ticket: ticket, losses: parent.isDeadLetter ? 0 : losses)
        endTurn(process)
    }

    private mutating func settle(_ process: SimulatedProcess, _ ticket: LinkReceiver.Ticket, item: Int) {
        let takes = random.number(0...100)
        if ledger.requests[ledger.items[item].request].isOutcomePoison, !ledger.items[item].isDeadLetter {
            at(now + takes / 4, .die(process.slot, generation: process.generation))
        }
        at(now + takes, .settle(process.slot, generation: process.generation, ticket, item: item))
    }

    mutating func finishSettling(
        _ process: SimulatedProcess, _ generation: Int, _ ticket: LinkReceiver.Ticket, item: Int
    ) {
        guard process.generation == generation, process.isAlive else { return }
        if process.condition == .frozen {
            at(now + 50, .settle(process.slot, generation: generation, ticket, item: item))
            return
        }
        process.working -= 1
        ledger.settle(item: item)
        process.receiver?.finish(ticket)
        endTurn(process)
    }

    /// A relay has room for its capacity; what is answered and not settled takes none, until it is too many bytes.
    func setRoom(_ process: SimulatedProcess) {
        guard process.level > 0 else { return }
        let room = schedule.capacity - process.waiting.count - process.working
        let isFull = (process.sender?.openBytes ?? 0) > schedule.maxUnackedBytes
        process.receiver?.setRoom(isFull ? 0 : max(0, room))
    }
}
