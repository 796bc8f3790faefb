import Foundation
import Testing

@testable import ZeroMQ

struct PublishingTests {
    private let options = SocketOptions(highWaterMark: 100, queuesWithoutPeer: true, maxFrame: 1 << 20)

    @Test(.timeLimit(.minutes(1)))
    func tellsThePublisherWhatIsWantedAndBringsBothFramesOfIt() throws {
        let publisher = try Context().makeSocket(.publisher, options)
        try publisher.bind("tcp://127.0.0.1:*")
        let subscriber = try Context().makeSocket(.subscriber, options)
        try subscriber.subscribe(Array("b.".utf8))
        try subscriber.connect(publisher.boundEndpoint())
        #expect(try eventually { try publisher.receive() } == [1] + Array("b.".utf8))
        try publisher.publish(Array("a.1".utf8), [1, 2])
        try publisher.publish(Array("b.1".utf8), [])
        try publisher.publish(Array("b.2".utf8), [3, 4])
        #expect(try eventually { try subscriber.receiveMessage() } == [Array("b.1".utf8), []])
        #expect(try eventually { try subscriber.receiveMessage() } == [Array("b.2".utf8), [3, 4]])
    }

    @Test(.timeLimit(.minutes(1)))
    func tellsThePublisherWhenNobodyWantsAnyMore() throws {
        let publisher = try Context().makeSocket(.publisher, options)
        try publisher.bind("tcp://127.0.0.1:*")
        do {
            let subscriber = try Context().makeSocket(.subscriber, options)
            try subscriber.subscribe([7])
            try subscriber.connect(publisher.boundEndpoint())
            #expect(try eventually { try publisher.receive() } == [1, 7])
            _ = try subscriber.events()
        }
        #expect(try eventually { try publisher.receive() } == [0, 7])
    }

    @Test
    func publishesIntoTheVoidWithoutWaiting() throws {
        let publisher = try Context().makeSocket(.publisher, options)
        for _ in 0..<1000 { try publisher.publish([1], [2]) }
    }

    @Test(.timeLimit(.minutes(1)))
    func tellsWhenAConnectionIsMadeAndWhenItEnds() throws {
        let subscriber = try Context().makeSocket(.subscriber, options)
        let monitor = try subscriber.makeMonitor()
        do {
            let publisher = try Context().makeSocket(.publisher, options)
            try publisher.bind("tcp://127.0.0.1:*")
            try subscriber.connect(publisher.boundEndpoint())
            #expect(try eventually { try monitor.receiveConnectionEvent() } == .connected)
            _ = try publisher.events()
        }
        #expect(try eventually { try monitor.receiveConnectionEvent() } == .disconnected)
    }

    private func eventually<T>(_ take: () throws -> T?) rethrows -> T {
        while true {
            if let taken = try take() { return taken }
            usleep(200)
        }
    }
}
