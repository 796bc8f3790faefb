import Links
import Loop
import Messages
import PipelineMetrics
import Queue
import Testing

@testable import Stage

/// Messages whose leases are in a store that a peer does not settle in.
@PipelineActor
struct ForeignStoreTests {
    private let folder: SocketFolder
    private let emit = wiring("dispatch", seeking: "emit", with: "emit")

    init() throws { folder = try SocketFolder() }

    private func send(_ numbers: ClosedRange<UInt64>, in store: UInt64, by link: OutgoingLink) {
        for number in numbers { link.send(request(Int(number), store: store), from: .lease(number)) }
    }

    @Test(.timeLimit(.minutes(1)))
    func waitAndSayWhyUntilSomebodyCanSettleThem() async throws {
        let first = try ReceivingEnd(folder["a"]) { $0.store == 7 ? .refuse(.foreign) : .finish }
        let (sender, link) = try SendingEnd.start(
            acks: folder["acks"], to: [folder["a"], folder["b"]], wiring: emit)
        try await wait { link.hasLivePeer }
        send(1...3, in: 7, by: link)
        try await wait { link.unsettleableCount == 3 }
        let text =
            "messages on ingest-dispatch wait: none of \([folder["a"], folder["b"]].sorted().joined(separator: ", ")) "
            + "settles in \(StoreIdentity(number: 7))"
        #expect(link.problems == [WiringProblem("3 \(text)", isBlocking: true)])
        try await wait { sender.log("A connection is wrong").count == 1 }
        send(4...30, in: 8, by: link)
        try await wait { sender.done.count == 27 }
        #expect(Set(sender.done) == Set(4...30), "those of another store pass them")
        #expect(link.problems.map(\.isBlocking).contains(true) == false, "something can be settled")
        sender.links.updateMetrics()
        #expect(metric(sender) == 3)
        let second = try ReceivingEnd(folder["b"])
        try await wait { sender.done.count == 30 }
        #expect(Set(second.ids).isSuperset(of: ["1", "2", "3"]))
        #expect(link.problems == [] && link.unsettleableCount == 0)
        sender.links.updateMetrics()
        #expect(metric(sender) == 0)
        try await wait { sender.log("A connection is wrong no longer").count == 1 }
        #expect(sender.log("A connection is wrong").count == 1, "how many wait makes no other problem")
        await first.end()
        await second.end()
        await sender.end()
    }

    private func metric(_ sender: SendingEnd) -> Double {
        sender.registry.gauge(
            "async_processor_link_unsettleable", help: "", labels: [("link", "ingest-dispatch")]
        ).value
    }

    @Test(.timeLimit(.minutes(1)))
    func goOnWhenTheStoreOfTheirOnlyPeerComesBack() async throws {
        let receiver = try ReceivingEnd(folder["a"]) { _ in .refuse(.foreign) }
        let (sender, link) = try SendingEnd.start(acks: folder["acks"], to: [folder["a"]], wiring: emit)
        try await wait { link.hasLivePeer }
        send(1...5, in: 7, by: link)
        try await wait { link.unsettleableCount == 5 }
        receiver.deed = { _ in .finish }
        try await wait { sender.done.count == 5 }
        #expect(link.problems == [])
        await receiver.end()
        await sender.end()
    }
}
