import Redis
import TestServers
import Testing

@Suite(.timeLimit(.minutes(1)))
struct RedisSubscriberTests {
    private let wakeUp = WakeUp()

    @Test
    func hearsWhatIsPublished() async throws {
        let server = try await RedisServer()
        let publisher = try RedisConnection(server.url)
        let subscriber = RedisSubscriber(server.url, channel: "news")
        try subscribe(subscriber)
        let bytes: [UInt8] = [0, 13, 10, 255]
        _ = try publisher.send((0..<300).map { RedisCommand("PUBLISH", "news", bytes + Array("\($0)".utf8)) })
        var heard: [[UInt8]] = []
        while heard.count < 300 {
            let some = try subscriber.wait(for: .seconds(5), count: 100, wakeUp: wakeUp)
            #expect((1...100).contains(some.count))
            #expect(some.allSatisfy { $0.channel == "news" })
            heard += some.map(\.bytes)
        }
        #expect(heard == (0..<300).map { bytes + Array("\($0)".utf8) })
    }

    @Test
    func isWokenUp() async throws {
        let server = try await RedisServer()
        let subscriber = RedisSubscriber(server.url, channel: "news")
        try subscribe(subscriber)
        wakeUp.signal()
        let start = ContinuousClock.now
        #expect(try subscriber.wait(for: .seconds(2), count: 1, wakeUp: wakeUp).isEmpty)
        #expect(ContinuousClock.now - start < .seconds(1))
        #expect(try subscriber.wait(for: .milliseconds(30), count: 1, wakeUp: wakeUp).isEmpty)
        #expect(ContinuousClock.now - start >= .milliseconds(30))
    }

    @Test
    func subscribesAgainAfterTheServerWasAway() async throws {
        let server = try await RedisServer()
        let subscriber = RedisSubscriber(server.url, channel: "news")
        try subscribe(subscriber)
        let first = subscriber.subscribedAt
        server.kill()
        #expect(throws: RedisError.self) {
            while true { _ = try subscriber.wait(for: .seconds(1), count: 1, wakeUp: wakeUp) }
        }
        #expect(!subscriber.isSubscribed)
        try await server.start()
        try subscribe(subscriber)
        #expect(subscriber.subscriptions == 2)
        #expect(subscriber.subscribedAt > first)
        _ = try RedisConnection(server.url).send(RedisCommand("PUBLISH", "news", "back"))
        #expect(try subscriber.wait(for: .seconds(5), count: 1, wakeUp: wakeUp).map(\.bytes) == [Array("back".utf8)])
    }

    @Test
    func asksWhenItHearsNothing() async throws {
        let server = try await RedisServer()
        let subscriber = RedisSubscriber(server.url, channel: "news", silence: .milliseconds(50))
        try subscribe(subscriber)
        let end = ContinuousClock.now + .milliseconds(400)
        while ContinuousClock.now < end { _ = try subscriber.wait(for: .milliseconds(20), count: 1, wakeUp: wakeUp) }
        let clients = try RedisConnection(server.url).send(RedisCommand("CLIENT", "LIST", "TYPE", "pubsub")).text ?? ""
        #expect(clients.contains("cmd=ping"))
        #expect(subscriber.isSubscribed)
    }

    @Test
    func givesUpOnAServerThatDoesNotAnswer() async throws {
        let server = try await RedisServer()
        let subscriber = RedisSubscriber(server.url, channel: "news", silence: .milliseconds(100))
        try subscribe(subscriber)
        server.freeze()
        let start = ContinuousClock.now
        #expect(throws: RedisError.self) {
            while true { _ = try subscriber.wait(for: .milliseconds(20), count: 1, wakeUp: wakeUp) }
        }
        #expect((.milliseconds(150)...(.seconds(5))).contains(ContinuousClock.now - start))
    }

    private func subscribe(_ subscriber: RedisSubscriber) throws {
        let end = ContinuousClock.now + .seconds(10)
        while !subscriber.isSubscribed, ContinuousClock.now < end {
            do throws(RedisError) { _ = try subscriber.wait(for: .milliseconds(10), count: 1, wakeUp: wakeUp) } catch {}
        }
        try #require(subscriber.isSubscribed)
    }
}
