import Foundation
import Links
import Loop
import Messages
import PipelineMetrics
import Tap
import TestServers
import Testing
import ZeroMQ

@testable import Stage

/// Copies of what passes the links, for whoever subscribes.
@PipelineActor
struct TapCopiesTests {
    private let folder: SocketFolder

    init() throws { folder = try SocketFolder() }

    private struct Copy: Decodable {
        let copy: Int
        let direction: String
        let link: String
        let peer: String
        let session: String
        let number: Int
        let id: String
        let losses: Int
        let payload_bytes: Int
        let progress: String
    }

    /// Somebody who listens at a tap.
    @PipelineActor
    private final class Listener {
        private let socket: Socket
        private(set) var topics: [String] = []
        private(set) var copies: [Copy] = []

        init(at endpoint: String) throws {
            let options = SocketOptions(highWaterMark: 1000, queuesWithoutPeer: true, maxFrame: 1 << 20)
            socket = try Context().makeSocket(.subscriber, options)
            try socket.subscribe([])
            try socket.connect(endpoint)
        }

        func read() throws {
            while let message = try socket.receiveMessage() {
                topics.append(String(decoding: message[0], as: UTF8.self))
                copies.append(try JSONDecoder().decode(Copy.self, from: Data(message[1])))
            }
        }
    }

    private func tap(_ name: String, of stage: String, on links: StageLinks) async throws -> Listener {
        try links.bindTap(folder[name], stage: stage, showsPayloads: false)
        return try Listener(at: folder[name])
    }

    @Test(.timeLimit(.minutes(1)))
    func showTheSameMessageAtBothEnds() async throws {
        let sender = try SendingEnd(acks: folder["acks"])
        let out = try await tap("out", of: "ingest", on: sender.links)
        let link = sender.link("ingest-dispatch", to: [folder["a"]])
        sender.start()
        let receiverLinks = try StageLinks(registry: .init(), logger: LogLines().logger)
        let input = try await tap("in", of: "dispatch", on: receiverLinks)
        let incoming = try receiverLinks.incoming("ingest-dispatch", listen: folder["a"])
        incoming.wantedRoom = { 10 }
        incoming.onMessage = { [weak incoming] _, ticket in incoming?.finish(ticket) }
        receiverLinks.start()
        try await wait {
            link.hasLivePeer && sender.links.tap?.isWatched == true && receiverLinks.tap?.isWatched == true
        }
        link.send(1...3)
        try await wait { sender.done.count == 3 }
        try await wait {
            try out.read()
            try input.read()
            return out.copies.count >= 3 && input.copies.count >= 3
        }
        #expect(out.topics == (1...3).map { "ingest.out.q.\($0)" })
        #expect(input.topics == (1...3).map { "dispatch.in.q.\($0)" })
        #expect(out.copies.map(\.session) == input.copies.map(\.session))
        #expect(out.copies.map(\.number) == [1, 2, 3] && input.copies.map(\.number) == [1, 2, 3])
        #expect(Set(out.copies.map(\.peer)) == [folder["a"]])
        #expect(Set(input.copies.map(\.peer)) == [folder["acks"]])
        #expect(Set((out.copies + input.copies).map(\.link)) == ["ingest-dispatch"])
        #expect(out.copies.map(\.payload_bytes) == [8, 8, 8])
        await receiverLinks.leave()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func showWhatLeavesAndNotWhatWaits() async throws {
        let sender = try SendingEnd(acks: folder["acks"])
        let out = try await tap("out", of: "ingest", on: sender.links)
        let link = sender.link("ingest-dispatch", to: [folder["a"]])
        sender.start()
        try await wait { sender.links.tap?.isWatched == true }
        link.send(1...2)
        let first = try ReceivingEnd(folder["a"], room: 1) { _ in .keep }
        try await wait { first.held.count == 1 }
        #expect(sender.links.tap?.copies == 1, "the other has not left")
        first.vanish()
        let second = try ReceivingEnd(folder["a"])
        try await wait { sender.done.count == 2 }
        try await wait {
            try out.read()
            return out.copies.count >= 3
        }
        #expect(out.copies.filter { $0.id == "1" }.map(\.losses) == [0, 1], "each time that it is sent")
        #expect(out.copies.filter { $0.id == "2" }.map(\.losses) == [0])
        #expect(out.copies.map(\.copy) == [1, 2, 3])
        await second.end()
        await sender.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func costNothingWhereNobodyListens() async throws {
        let sender = try SendingEnd(acks: folder["acks"])
        try sender.links.bindTap(folder["out"], stage: "ingest", showsPayloads: true)
        let link = sender.link("ingest-dispatch", to: [folder["a"]])
        sender.start()
        let receiver = try ReceivingEnd(folder["a"])
        link.send(1...10)
        try await wait { sender.done.count == 10 }
        #expect(sender.links.tap?.copies == 0)
        await receiver.end()
        await sender.end()
    }

    @Test
    func areRefusedWhereSomebodyElseIs() throws {
        let port = try freePort()
        let one = try StageLinks(registry: .init(), logger: LogLines().logger)
        let two = try StageLinks(registry: .init(), logger: LogLines().logger)
        try one.bindTap("tcp://127.0.0.1:\(port)", stage: "emit", showsPayloads: false)
        let error = #expect(throws: LinkError.self) {
            try two.bindTap("tcp://127.0.0.1:\(port)", stage: "emit", showsPayloads: false)
        }
        #expect(error?.isTransient == true)
        #expect(one.tap != nil && two.tap == nil)
        one.tap?.close()
    }
}
