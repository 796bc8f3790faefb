import Foundation
import Testing

@testable import ZeroMQ

struct SocketTests {
    private let options = SocketOptions(highWaterMark: 100, maxFrame: 1 << 20)

    @Test(.timeLimit(.minutes(1)))
    func deliversFramesInOrder() throws {
        let pair = try Pair.make(options)
        for value in UInt8(0)..<50 { try sendEventually([value, 7], on: pair.push) }
        for value in UInt8(0)..<50 {
            let frame = try receiveEventually(from: pair.pull)
            #expect(frame == [value, 7])
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func deliversAnEmptyFrameAndALargeOne() throws {
        let pair = try Pair.make(options)
        let large = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0) }
        try sendEventually([], on: pair.push)
        try sendEventually(large, on: pair.push)
        #expect(try receiveEventually(from: pair.pull) == [])
        #expect(try receiveEventually(from: pair.pull) == large)
    }

    @Test
    func refusesToSendWithoutAPeer() throws {
        let push = try Context().makeSocket(.push, options)
        try push.connect("tcp://127.0.0.1:1")
        let sent = try push.send([1])
        let canSend = try push.events().canSend
        #expect(!sent)
        #expect(!canSend)
    }

    @Test
    func queuesWithoutAPeerWhenAskedTo() throws {
        let push = try Context().makeSocket(
            .push, SocketOptions(highWaterMark: 10, queuesWithoutPeer: true, maxFrame: 100))
        try push.connect("tcp://127.0.0.1:1")
        let sent = try push.send([1])
        #expect(sent)
    }

    @Test
    func receivesNothingWhenNothingWasSent() throws {
        let pull = try Context().makeSocket(.pull, options)
        let frame = try pull.receive()
        #expect(frame == nil)
    }

    @Test
    func namesTheCallAndTheEndpointWhenItCannotBind() throws {
        let pull = try Context().makeSocket(.pull, options)
        #expect { try pull.bind("tcp://not an address") } throws: { error in
            "\(error)" == "zmq_bind tcp://not an address: Invalid argument"
        }
    }

    @Test
    func saysThatAnAddressIsTaken() throws {
        let pair = try Pair.make(options)
        let endpoint = try pair.pull.boundEndpoint()
        let second = try Context().makeSocket(.pull, options)
        #expect { try second.bind(endpoint) } throws: { ($0 as? ZeroMQError)?.isAddressInUse == true }
    }

    private func sendEventually(_ frame: [UInt8], on socket: borrowing Socket) throws {
        while try !socket.send(frame) { usleep(200) }
    }

    private func receiveEventually(from socket: borrowing Socket) throws -> [UInt8] {
        while true {
            if let frame = try socket.receive() { return frame }
            usleep(200)
        }
    }
}

private struct Pair: ~Copyable {
    let push: Socket
    let pull: Socket

    static func make(_ options: SocketOptions) throws -> Pair {
        let context = try Context()
        let pull = try context.makeSocket(.pull, options)
        let push = try context.makeSocket(.push, options)
        try pull.bind("tcp://127.0.0.1:*")
        try push.connect(pull.boundEndpoint())
        return Pair(push: push, pull: pull)
    }
}
