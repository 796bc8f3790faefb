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
        server.kill()
        #expect(throws: RedisError.self) {
            while true { _ = try subscriber.wait(for: .seconds(1), count: 1, wakeUp: wakeUp) }
        }
        #expect(!subscriber.isSubscribed)
        try await server.start()
        try subscribe(subscriber)
        #expect(subscriber.subscriptions == 2)
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

    /// As after a SIGSTOP: what was published meanwhile is there, and would go with the connection.
    @Test
    func givesTheServerTimeToAnswerAfterALongPause() async throws {
        let server = try await RedisServer()
        let subscriber = RedisSubscriber(server.url, channel: "news", readAhead: 1 << 20, silence: .milliseconds(500))
        try subscribe(subscriber)
        try await Task.sleep(for: .milliseconds(1200))
        for _ in 0..<20 { _ = try subscriber.wait(for: .milliseconds(1), count: 1, wakeUp: wakeUp) }
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

    @Test
    func everySubscriberHearsAMarkBetweenTheSameMessages() async throws {
        let server = try await RedisServer()
        let publisher = try RedisConnection(server.url)
        let subscribers = (0..<3).map { _ in RedisSubscriber(server.url, channel: "news", marks: "marks") }
        for (index, subscriber) in subscribers.enumerated() {
            _ = try publisher.send((0..<50).map { RedisCommand("PUBLISH", "news", "\(index)-\($0)") })
            try subscribe(subscriber)
            #expect(subscriber.markRefusal == nil)
        }
        _ = try publisher.send((0..<50).map { RedisCommand("PUBLISH", "news", "3-\($0)") })
        let heard = try subscribers.map { try hear($0, until: "3-49") }
        for (index, subscriber) in subscribers.enumerated() {
            #expect(subscriber.listeners == index + 1)
            #expect(heard[index].first?.channel == "marks", "its own mark comes before all messages")
            #expect(heard[index].count { $0.channel == "marks" } == 3 - index)
            #expect(heard[index] == heard[0].suffix(heard[index].count))
        }
        #expect(Set(heard[0].filter { $0.channel == "marks" }.map(\.bytes)).count == 3)
    }

    @Test
    func listensWithoutMarksWhereTheyAreForbidden() async throws {
        let server = try await RedisServer()
        let publisher = try RedisConnection(server.url)
        for rule in ["resetchannels &news", "allchannels -multi", "allchannels -publish"] {
            var command = RedisCommand("ACL", "SETUSER", "someone", "reset", "on", "nopass", "+@all", "~*")
            for word in rule.split(separator: " ") { command.append(String(word)) }
            _ = try publisher.send(command)
            let url = try RedisURL("redis://someone:any@127.0.0.1:\(server.port)")
            let subscriber = RedisSubscriber(url, channel: "news", marks: "marks")
            try subscribe(subscriber)
            #expect(subscriber.markRefusal?.reason.hasPrefix("NOPERM") == true)
            _ = try publisher.send(RedisCommand("PUBLISH", "news", "\(rule)"))
            #expect(try hear(subscriber, until: rule).map(\.channel) == ["news"])
        }
    }

    /// More than the server keeps for a listener, at once, while nobody asks for it.
    @Test
    func readsAheadOfWhoeverTakesTheMessages() async throws {
        let server = try await RedisServer()
        let publisher = try RedisConnection(server.url)
        let subscriber = RedisSubscriber(server.url, channel: "news", readAhead: 128 << 20)
        try subscribe(subscriber)
        let big = [UInt8](repeating: 0x61, count: 1 << 20)
        for _ in 0..<64 { _ = try publisher.send(RedisCommand("PUBLISH", "news", big)) }
        _ = try publisher.send(RedisCommand("PUBLISH", "news", "end"))
        #expect(try hear(subscriber, until: "end").count == 65)
        #expect(subscriber.subscriptions == 1)
        #expect(subscriber.unread == 0)
    }

    /// Only one thread may read the socket, also when something is written to it.
    @Test
    func hearsEverythingThatWasPublishedBeforeItLeft() async throws {
        let server = try await RedisServer()
        let subscriber = RedisSubscriber(server.url, channel: "news", readAhead: 64 << 20)
        try subscribe(subscriber)
        async let published: Int = {
            let publisher = try RedisConnection(server.url)
            for number in 0... {
                let text = "\(number) " + String(repeating: "x", count: 3000)
                if try publisher.send(RedisCommand("PUBLISH", "news", text)).integer == 0 { return number }
            }
            return 0
        }()
        var heard: [RedisMessage] = []
        while !subscriber.hasLeft {
            let before = heard.count
            heard += try subscriber.wait(for: .seconds(5), count: 50, wakeUp: wakeUp)
            if before < 2000, heard.count >= 2000 { try subscriber.unsubscribe() }
        }
        #expect(try await published == heard.count)
        #expect(heard.enumerated().allSatisfy { $1.bytes.starts(with: Array("\($0) ".utf8)) })
    }

    @Test
    func readsNoFurtherAheadThanItMay() async throws {
        let server = try await RedisServer()
        let publisher = try RedisConnection(server.url)
        let subscriber = RedisSubscriber(
            server.url, channel: "news", readAhead: 4 << 20, silence: .milliseconds(100))
        try subscribe(subscriber)
        let big = [UInt8](repeating: 0x61, count: 1 << 20)
        for _ in 0..<20 { _ = try publisher.send(RedisCommand("PUBLISH", "news", big)) }
        // Long enough to take the silence of a full reader for the server's.
        let end = ContinuousClock.now + .milliseconds(500)
        while ContinuousClock.now < end { _ = try subscriber.wait(for: .milliseconds(20), count: 0, wakeUp: wakeUp) }
        #expect((4 << 20...5 << 20).contains(subscriber.unread))
        let some = try subscriber.wait(for: .zero, count: 100, bytes: 2 << 20, wakeUp: wakeUp)
        #expect((2...3).contains(some.count))
        _ = try publisher.send(RedisCommand("PUBLISH", "news", "end"))
        #expect(try some.count + hear(subscriber, until: "end").count == 21)
    }

    private func hear(_ subscriber: RedisSubscriber, until last: String) throws -> [RedisMessage] {
        let end = ContinuousClock.now + .seconds(20)
        var heard: [RedisMessage] = []
        while heard.last?.bytes != Array(last.utf8) {
            try #require(ContinuousClock.now < end, "\(heard.count) messages")
            heard += try subscriber.wait(for: .seconds(1), count: 1000, wakeUp: wakeUp)
        }
        return heard
    }

    private func subscribe(_ subscriber: RedisSubscriber) throws {
        let end = ContinuousClock.now + .seconds(10)
        while !subscriber.isSubscribed, ContinuousClock.now < end {
            do throws(RedisError) { _ = try subscriber.wait(for: .milliseconds(10), count: 0, wakeUp: wakeUp) } catch {}
        }
        try #require(subscriber.isSubscribed)
    }
}
