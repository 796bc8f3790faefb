import DequeModule

extension LinkSender {
    /// Takes a report that arrived at the ack address.
    package mutating func receive(_ report: Report, now: Duration) {
        clock.advance(to: now)
        guard let index = peersBySession[report.session], let peer = peers[index] else {
            totals.unknownReports += 1
            return
        }
        if report.answers > peer.helloNumber {
            // It answers a hello that was never sent.
            totals.staleReports += 1
            return
        }
        if peer.phase == .greeting {
            greet(index, report)
        } else if report.receiver != peer.instance {
            guard report.answers >= peer.boundBy else {
                // The process that was here before the peer that answers now: its answer to the first hello came late.
                totals.staleReports += 1
                return
            }
            // Another process answers at the address: the one before is dead, and so is its session.
            totals.lostPeers += 1
            restartSession(index, counting: true)
            if admits(index, report) { bind(index, to: report.receiver) }
        } else if !isNews(report, to: peer) {
            // It only shows that its writer lives.
            totals.staleReports += 1
            peers[index]?.heardFrom = clock.elapsed
            return
        } else {
            hear(index, report)
        }
        pump(now: now)
    }

    /// Whether the report was composed after the newest so far.
    ///
    /// A report that answers a later hello is newer, whatever its number: so a number far too high is believed only
    /// until the next hello is answered.
    private func isNews(_ report: Report, to peer: SenderPeer) -> Bool {
        report.answers == peer.answered ? report.number > peer.reportNumber : report.answers > peer.answered
    }

    /// The first answer identifies the receiver.
    ///
    /// A process that this sender already feeds through another address is not fed twice.
    private mutating func greet(_ index: Int, _ report: Report) {
        peers[index]?.heardFrom = clock.elapsed
        guard admits(index, report) else { return }
        let isKnown = peers.contains { peer in
            guard let peer else { return false }
            return peer.instance == report.receiver && !peer.isLost
        }
        guard !isKnown, !report.isLeaving else { return }
        bind(index, to: report.receiver)
    }

    /// Whether the process that answers belongs at the other end.
    ///
    /// One that does not gets a hello again each second: another process may take its place.
    private mutating func admits(_ index: Int, _ report: Report) -> Bool {
        peers[index]?.hasReported = true
        let misfit = report.from.flatMap { from in wiring?.fits(from) == false ? from : nil }
        misfits[index] = misfit
        guard misfit != nil else { return true }
        peers[index]?.isLost = false
        peers[index]?.unansweredSince = nil
        return false
    }

    private mutating func bind(_ index: Int, to instance: UInt64) {
        guard var peer = peers[index] else { return }
        peer.instance = instance
        peer.phase = .opening
        peer.isLost = false
        peer.heardFrom = clock.elapsed
        peer.unansweredSince = nil
        peer.boundBy = peer.helloNumber + 1
        peers[index] = peer
        sendHello(index)
    }

    private mutating func hear(_ index: Int, _ report: Report) {
        noteAnswer(index, report)
        if report.isLeaving {
            apply(index, report)
            restartSession(index, counting: false)
            return
        }
        guard report.isOpen else {
            // An answer to a hello from before the session was opened is late; an answer to a later one means that the
            // receiver has forgotten the session.
            if peers[index]?.phase == .open, report.answers > (peers[index]?.openedBy ?? 0) {
                restartSession(index, counting: false)
                sendHello(index)
            }
            return
        }
        if peers[index]?.phase == .opening {
            peers[index]?.phase = .open
            peers[index]?.openedBy = report.answers
            // The hello names this report: so the receiver knows at once that its reports arrive, and that the sender
            // is no stranger.
            sendHello(index)
        }
        if peers[index]?.isLost == true { revive(index) }
        apply(index, report)
    }

    private mutating func noteAnswer(_ index: Int, _ report: Report) {
        guard var peer = peers[index] else { return }
        peer.heardFrom = clock.elapsed
        peer.reportNumber = report.number
        if report.answers > peer.answered {
            peer.answered = report.answers
            peer.noteAnswer(to: report.answers)
            peer.unansweredSince = report.answers >= peer.helloNumber ? nil : clock.elapsed
            peer.unansweredBytes = 0
        }
        peers[index] = peer
    }

    private mutating func apply(_ index: Int, _ report: Report) {
        found.removeAll(keepingCapacity: true)
        peers[index]?.window.find(in: report.done, into: &found)
        for number in found { finish(index, number) }
        let movable = report.refused.compactMap { takeBack(index, $0) }
        if !movable.isEmpty { offerElsewhere(movable) }
        found.removeAll(keepingCapacity: true)
        peers[index]?.window.find(in: report.missing, into: &found)
        for number in found { sendAgain(index, number, answers: report.answers) }
        if report.from != nil {
            note(report.conditions, of: index)
            note(report.pools, of: index)
        }
        let last = peers[index]?.last ?? 0
        peers[index]?.limit = min(report.limit, last + UInt64(Self.maxRoom))
        peers[index]?.isDraining = report.isDraining
    }

    /// When less is wrong behind a peer than before, what it has refused may be offered to it at once.
    private mutating func note(_ conditions: [Condition], of index: Int) {
        let before = self.conditions[index]?.count ?? 0
        if before > 0 || !conditions.isEmpty { self.conditions[index] = conditions.isEmpty ? nil : conditions }
        guard conditions.count < before else { return }
        refusedLook = clock.elapsed
        for entry in refused where messages.isCurrent(entry) { messages[entry.slot].notBefore = clock.elapsed }
    }

    /// No receiver has room for more; a limit above is invalid.
    static var maxRoom: Int { 1 << 20 }

    private mutating func finish(_ index: Int, _ number: UInt64) {
        guard let slot = slotOfSent(number, at: index) else { return }
        peers[index]?.close(number, travelsAlone: messages[slot].travelsAlone)
        peers[index]?.hasFinished = true
        if !foreignStores.isEmpty { foreignStores[index]?[messages[slot].store] = nil }
        totals.done += 1
        messages.remove(slot)
        actions.append(.done(slot))
    }

    /// - Returns: the message if any other peer may have it at once.
    private mutating func takeBack(_ index: Int, _ refusal: Refusal) -> Int32? {
        guard let slot = slotOfSent(refusal.number, at: index) else { return nil }
        peers[index]?.close(refusal.number, travelsAlone: messages[slot].travelsAlone)
        totals.refused += 1
        messages[slot].peer = -1
        if refusal.reason == .draining {
            guard returnsUnsent else { return slot }
            giveBack(slot)
            return nil
        }
        if refusal.reason == .foreign {
            let store = messages[slot].store
            noteForeign(store, to: index)
            aside[store, default: []].append(entry(for: slot))
            return nil
        }
        if refusal.reason == .undecodable { messages[slot].undecodable += 1 }
        if messages[slot].undecodable >= 2 {
            bury(slot, .undecodable)
            return nil
        }
        noteRefusal(of: slot, by: index)
        return nil
    }

    /// No peer can know anything about a number that has not left this process.
    private func slotOfSent(_ number: UInt64, at index: Int) -> Int32? {
        guard let slot = peers[index]?.slot(of: number), messages[slot].wasSent else { return nil }
        return slot
    }

    /// After the first refusal, other peers may have it at once; after that no peer before a back-off that doubles with
    /// each refusal, so that a message that no peer has room for does not circulate.
    private mutating func noteRefusal(of slot: Int32, by index: Int) {
        let doublings = min(messages[slot].refusals, LinkTiming.maxDoublings)
        messages[slot].refusals = doublings + 1
        messages[slot].refuser = Int32(index)
        messages[slot].notBefore = clock.elapsed + LinkTiming.offerAgain * (1 << doublings)
        refused.append(entry(for: slot))
        if doublings == 0 { refusedLook = clock.elapsed }
        actions.append(.refused(slot))
    }

    private mutating func sendAgain(_ index: Int, _ number: UInt64, answers: UInt64) {
        guard let slot = peers[index]?.slot(of: number), messages[slot].nextHello <= answers else { return }
        totals.sentAgain += 1
        transmit(slot)
    }
}
