import Links

extension Simulation {
    /// The turn every process takes without being asked.
    mutating func regularTurn(_ process: SimulatedProcess) {
        if process.condition == .running { tick(process) }
        at(now + Self.tick, .turn(process.slot))
    }

    mutating func tick(_ process: SimulatedProcess) {
        let isDefective = defect == .frozenTimeCountedAsSilence
        let steps = isDefective ? max(1, (now - process.lastStep) / 900) : 1
        let before = process.lastStep
        process.advance(to: now)
        noteSilence(process)
        for step in 1...steps {
            let time = before + (now - before) * step / steps
            process.sender?.tick(now: time.milliseconds)
            process.receiver?.tick(now: time.milliseconds)
        }
        if random.chance(100) { resolve(process) }
        letGo(process)
        endTurn(process)
        leaveIfDone(process)
    }

    /// Whoever could not be connected to for ten seconds, the shell lets go of.
    private func letGo(_ process: SimulatedProcess) {
        let addresses = process.receiver?.ackAddresses ?? []
        process.unreachable = process.unreachable.filter { addresses.contains($0.key) && leadsNowhere($0.key) }
        for address in addresses where leadsNowhere(address) {
            let since = process.unreachable[address] ?? process.running
            process.unreachable[address] = since
            if defect != .goneSendersKept, process.running - since >= 10_000 { _ = process.receiver?.letGo(address) }
        }
    }

    /// Carries out everything the state machines want.
    mutating func endTurn(_ process: SimulatedProcess) {
        startWaiting(process)
        setRoom(process)
        drainActions(process)
        setRoom(process)
        sendReports(process)
        checkBounds(process)
    }

    private mutating func drainActions(_ process: SimulatedProcess) {
        while let action = process.sender?.nextAction() { perform(action, process) }
        startWaiting(process)
    }

    private mutating func perform(_ action: MessageSender<SimulatedMessage>.Action, _ process: SimulatedProcess) {
        trace?("\(now) \(process.slot) does \(action)")
        switch action {
        case .openPeer(let peer, let address): _ = dataPipe(from: process, to: slot(ofAddress: address), peer: peer)
        case .closePeer(let peer):
            if let index = process.dataPipes.removeValue(forKey: peer) { cut(index) }
        case .replaceSocket(let peer): if let index = process.dataPipes[peer] { replace(index) }
        case .hello(let peer, let hello):
            watch(process, peer, hello)
            if let index = process.dataPipes[peer] { write(.hello(hello), to: index) }
        case .message(let peer, let number): transmit(process, peer, number)
        case .done(let message): done(process, message)
        case .refused: break
        case .deadLetter(let message, let reason): bury(process, message, reason)
        case .returned(let message):
            // Released: available again at once, to this or another ingest.
            ledger.items[message.item].isSettled = true
            process.leased.removeAll { $0 == ledger.items[message.item].request }
            at(now + random.number(10...500), .offer(ledger.items[message.item].request))
        }
    }

    private mutating func transmit(_ process: SimulatedProcess, _ peer: Int, _ number: UInt64) {
        guard let outgoing = process.sender?.outgoing(to: peer, number: number), let index = process.dataPipes[peer]
        else { return }
        process.sender?.markTransmitted(to: peer, number: number)
        let item = outgoing.message.item
        if defect == .nothingSentAgainAfterReceiverRestart, let last = ledger.items[item].assignment,
            ledger.assignments[last].hasCause
        {
            return
        }
        if process.isDraining, process.level == 0, ledger.isAnybodys(item) {
            ledger.violation("item \(item) is sent by a draining ingest, and nobody holds it")
        }
        let (assignment, isFirst) = ledger.transmit(
            item: item, session: outgoing.session, number: outgoing.number, losses: outgoing.losses)
        if isFirst {
            if outgoing.losses >= 2 { checkAlone(process, outgoing.session) }
            process.watches[outgoing.session]?.assignments.append(assignment)
            let target = processes[pipes[index].destination]
            let isThere = target.isAlive && target.instance == process.watches[outgoing.session]?.receiver
            if !isThere { ledger.addCause(assignment) }
        }
        let frame = SimulatedFrame.message(
            session: outgoing.session, number: outgoing.number, item: item, losses: outgoing.losses,
            assignment: assignment)
        write(frame, to: index)
    }

    private mutating func checkAlone(_ process: SimulatedProcess, _ session: UInt64) {
        let others = process.watches[session]?.assignments ?? []
        if others.contains(where: { ledger.assignments[$0].travelsAlone && !ledger.assignments[$0].isOver }) {
            ledger.violation("two messages that lost their holders twice travel together")
        }
    }

    private mutating func done(_ process: SimulatedProcess, _ message: SimulatedMessage) {
        ledger.done(item: message.item)
        if let assignment = ledger.items[message.item].assignment { ledger.assignments[assignment].isOver = true }
        if let ticket = message.ticket {
            process.receiver?.finish(ticket)
        } else {
            process.leased.removeAll { $0 == ledger.items[message.item].request }
        }
    }

    private mutating func bury(
        _ process: SimulatedProcess, _ message: SimulatedMessage, _ reason: DeadLetterReason
    ) {
        let item = ledger.items[message.item]
        if let assignment = item.assignment { ledger.assignments[assignment].isOver = true }
        if case .losses(let count) = reason, defect != .poisonPassedOn {
            if count <= schedule.maxLosses || count > item.causes + item.inherited {
                ledger.violation("dead letter after \(count) losses, \(item.causes) holders were lost")
            }
        }
        ledger.items.append(
            Ledger.Item(request: item.request, isDeadLetter: defect != .poisonPassedOn, parent: item.parent))
        offer(process, item: ledger.items.count - 1, ticket: message.ticket, losses: 0)
        ledger.items[message.item].isSettled = true
    }

    mutating func offer(_ process: SimulatedProcess, item: Int, ticket: LinkReceiver.Ticket?, losses: Int) {
        let bytes = ledger.requests[ledger.items[item].request].bytes
        ledger.items[item].inherited = losses
        process.sender?.offer(
            SimulatedMessage(item: item, bytes: bytes, ticket: ticket), bytes: bytes, losses: losses,
            now: now.milliseconds)
    }

    private mutating func sendReports(_ process: SimulatedProcess) {
        while let outgoing = process.receiver?.nextReport(now: now.milliseconds) {
            guard let index = ackPipe(from: process, to: outgoing.ackAddress) else { continue }
            if outgoing.replacesSocket { replace(index) }
            write(.report(spoiled(outgoing.report, process)), to: index)
        }
    }
}
