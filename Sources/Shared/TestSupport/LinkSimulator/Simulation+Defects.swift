import Links

extension Simulation {
    /// The report as a defective receiver would write it.
    mutating func spoiled(_ report: Report, _ process: SimulatedProcess) -> Report {
        var report = report
        if defect == .roomLeaksPerLostFrame {
            report.limit -= min(report.limit, UInt64(process.lostFrames))
        }
        if defect == .doneForgottenAfterLostReport {
            var fresh = NumberRanges()
            for range in report.done.ranges {
                for number in range where process.reportedOnce[report.session, default: []].insert(number).inserted {
                    fresh.append(number)
                }
            }
            report.done = fresh
        }
        return report
    }

    /// The report as a defective sender would take it.
    func believed(_ report: Report, _ process: SimulatedProcess) -> Report {
        guard defect == .reportBelievedForAnotherSession, let old = process.watches[report.session] else {
            return report
        }
        var report = report
        for session in process.watched.reversed() {
            guard let watch = process.watches[session], watch.peer == old.peer, watch.receiver != 0 else { continue }
            if session == report.session { return report }
            report.session = session
            report.receiver = watch.receiver
            report.number = max(report.number, watch.highestReport + 1)
            return report
        }
        return report
    }

    /// Whether a defective sender would take the report for an old one.
    func isDeaf(_ process: SimulatedProcess, to report: Report) -> Bool {
        guard defect == .highestNumberBelievedForEver, let watch = process.watches[report.session] else { return false }
        if report.number <= watch.highestNumber { return true }
        process.watches[report.session]?.highestNumber = report.number
        return false
    }

    /// What a defective shell would do when a connection breaks.
    mutating func sendEverythingAgain(_ pipe: Pipe) {
        let process = processes[pipe.source]
        guard process.condition == .running, process.generation == pipe.generation else { return }
        for (peer, index) in process.dataPipes.sorted(by: { $0.key < $1.key }) where pipes[index] === pipe {
            for session in process.watched {
                guard let watch = process.watches[session], watch.peer == peer else { continue }
                for assignment in watch.assignments { sendAgain(assignment, process, peer, index) }
            }
        }
    }

    private mutating func sendAgain(
        _ assignment: Int, _ process: SimulatedProcess, _ peer: Int, _ index: Int
    ) {
        let number = ledger.assignments[assignment].number
        guard let outgoing = process.sender?.outgoing(to: peer, number: number),
            outgoing.session == ledger.assignments[assignment].session
        else { return }
        _ = ledger.transmit(
            item: outgoing.message.item, session: outgoing.session, number: number, losses: outgoing.losses)
        let frame = SimulatedFrame.message(
            session: outgoing.session, number: number, item: outgoing.message.item, losses: outgoing.losses,
            assignment: assignment)
        write(frame, to: index)
    }
}
