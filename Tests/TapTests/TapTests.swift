import Foundation
import Logging
import Loop
import Messages
import PipelineMetrics
import Testing
import ZeroMQ

@testable import Tap

/// A tap and its subscribers over real sockets.
@PipelineActor
struct TapTests {
    @Test(.timeLimit(.minutes(1)))
    func writesNothingWhileNobodySubscribes() async throws {
        let bench = try Bench()
        for _ in 0..<100 { bench.publish("a") }
        #expect(bench.tap.copies == 0)
        #expect(bench.tap.moment == nil)
        let subscriber = try bench.subscriber([""])
        try await bench.wait { bench.tap.isWatched }
        bench.publish("a")
        #expect(bench.tap.copies == 1)
        let message = try await receive(subscriber)
        #expect(message.first == Array("dispatch.in.reviews.a".utf8))
        #expect(message.count == 2)
        #expect(String(decoding: message[1], as: UTF8.self).hasPrefix(#"{"copy":1,"#))
        bench.tap.close()
    }

    @Test(.timeLimit(.minutes(1)))
    func writesOnlyWhatSomebodyWants() async throws {
        let bench = try Bench()
        let subscriber = try bench.subscriber(["dispatch.in.reviews.b"])
        try await bench.wait { bench.tap.isWatched }
        for id in ["a", "b1", "c", "b2"] { bench.publish(id) }
        #expect(bench.tap.copies == 2)
        #expect(try await receive(subscriber).first == Array("dispatch.in.reviews.b1".utf8))
        #expect(try await receive(subscriber).first == Array("dispatch.in.reviews.b2".utf8))
        bench.tap.close()
    }

    @Test(.timeLimit(.minutes(1)))
    func stopsWritingWhenTheLastSubscriberHasGone() async throws {
        let bench = try Bench()
        do {
            let subscriber = try bench.subscriber([""])
            try await bench.wait { bench.tap.isWatched }
            _ = try subscriber.events()
        }
        try await bench.wait { !bench.tap.isWatched }
        bench.publish("a")
        #expect(bench.tap.copies == 0)
        #expect(bench.metrics.contains("async_processor_tap_subscriptions 0"))
        bench.tap.close()
    }

    @Test(.timeLimit(.minutes(1)))
    func neitherWaitsNorGrowsForASubscriberThatDoesNotRead() async throws {
        let bench = try Bench()
        let stuck = try bench.subscriber([""], highWaterMark: 1)
        try await bench.wait { bench.tap.isWatched }
        let before = residentBytes()
        // If it waited for the subscriber, it would do so for ever: nobody reads meanwhile.
        for number in 0..<100_000 { bench.publish("\(number)") }
        #expect(bench.tap.copies == 100_000)
        // All copies together would be fifty megabytes and more.
        #expect(residentBytes() - before < 20 << 20)
        let first = try await receive(stuck)
        #expect(first.first == Array("dispatch.in.reviews.0".utf8))
        bench.tap.close()
    }

    @Test(.timeLimit(.minutes(1)))
    func servesOthersAtFullLengthBesideASubscriberThatDoesNotRead() async throws {
        let bench = try Bench()
        let stuck = try bench.subscriber([""], highWaterMark: 1)
        let reader = try bench.subscriber(["dispatch."])
        try await bench.wait { bench.metrics.contains("async_processor_tap_subscriptions 2") }
        for number in 0..<20_000 {
            bench.publish("\(number)")
            if number % 100 == 99 {
                for expected in number - 99...number {
                    let message = try await receive(reader)
                    try #require(message.first == Array("dispatch.in.reviews.\(expected)".utf8))
                }
            }
        }
        #expect(try await receive(stuck).first == Array("dispatch.in.reviews.0".utf8))
        bench.tap.close()
    }

    @Test
    func saysWhichEndpointCannotBeBound() {
        #expect {
            try Tap(
                Context(), endpoint: "ipc:///nonexistent/tap", stage: "emit", showsPayloads: false,
                registry: MetricsRegistry(), logger: Logger(label: "tap"))
        } throws: { "\($0)".contains("ipc:///nonexistent/tap") }
    }
}

@PipelineActor
private struct Bench {
    let tap: Tap
    private let registry = MetricsRegistry()

    init() throws {
        var logger = Logger(label: "tap")
        logger.logLevel = .critical
        tap = try Tap(
            Context(), endpoint: "tcp://127.0.0.1:*", stage: "dispatch", showsPayloads: false, registry: registry,
            logger: logger)
    }

    /// A subscriber in a context of its own, as another process would have.
    func subscriber(_ prefixes: [String], highWaterMark: CInt = 1000) throws -> Socket {
        let socket = try Context().makeSocket(
            .subscriber,
            SocketOptions(highWaterMark: highWaterMark, queuesWithoutPeer: true, maxFrame: 1 << 20))
        for prefix in prefixes { try socket.subscribe(Array(prefix.utf8)) }
        try socket.connect(tap.boundEndpoint())
        return socket
    }

    func publish(_ id: String) {
        var envelope = Envelope.sample
        envelope.id = id
        tap.publish(TapCopy(envelope, .input, link: "ingest-dispatch", time: .sample))
    }

    var metrics: String {
        var text: [UInt8] = []
        registry.emit(into: &text)
        return String(decoding: text, as: UTF8.self)
    }

    func wait(until condition: () -> Bool) async throws {
        while !condition() { try await Task.sleep(for: .milliseconds(2)) }
    }
}

private func receive(_ socket: borrowing Socket) async throws -> [[UInt8]] {
    while true {
        if let message = try socket.receiveMessage() { return message }
        usleep(100)
    }
}

/// Memory of this process that is in use.
///
/// Source: proc(5), field 2 of statm, in pages.
private func residentBytes() -> Int {
    let statm = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    return (statm.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * sysconf(Int32(_SC_PAGESIZE))
}
