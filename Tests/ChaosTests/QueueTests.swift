import Foundation
import Redis
import TestServers
import Testing

@testable import Chaos

struct QueueTests {
    @Test(.timeLimit(.minutes(1)))
    func publishesABatchOnceHoweverOftenItIsWritten() async throws {
        let redis = try await RedisServer(appendOnly: true)
        let queue = RedisSortedSetQueue(redis)
        let session = try queue.connect()
        let batch = [
            Publication(body: "b", deadline: 2), Publication(body: "a", deadline: 1),
            Publication(body: "c", isSilent: true),
        ]
        try session.publish(batch, first: 0)
        try session.publish(batch, first: 0)
        let connection = try RedisConnection(redis.url)
        let all = RedisReply.array([.string([0x61]), .string([0x62])])
        #expect(try connection.send(RedisCommand("ZRANGE", "request-sortedset", 0, -1)) == all)
        _ = try connection.send(RedisCommand("ZREM", "request-sortedset", "a"))
        try session.publish(batch, first: 0)
        #expect(try connection.send(RedisCommand("ZRANGE", "request-sortedset", 0, -1)) == .array([.string([0x62])]))
        #expect(try session.leftovers() == ["request-sortedset", "silent-sortedset"])
        queue.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func readsResultsInOrderAndForgetsWhatWasRead() async throws {
        let redis = try await RedisServer()
        let queue = RedisSortedSetQueue(redis)
        let session = try queue.connect()
        let connection = try RedisConnection(redis.url)
        func read(_ position: Int, _ limit: Int) throws -> [String] {
            try session.results(from: position, limit: limit).map { String(decoding: $0, as: UTF8.self) }
        }
        for text in ["1", "2", "3", "4"] { _ = try connection.send(RedisCommand("LPUSH", "result-list", text)) }
        #expect(try read(0, 3) == ["1", "2", "3"])
        #expect(try read(0, 3) == ["1", "2", "3"])
        #expect(try read(3, 3) == ["4"])
        #expect(try read(4, 3) == [])
        #expect(try connection.send(RedisCommand("LLEN", "result-list")).integer == 0)
        #expect(try session.leftovers() == [])
        queue.end()
    }

    @Test
    func writesAndReadsAFile() throws {
        let folder = URL(filePath: "/tmp/ap-chaos-\(UInt32.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let queue = try SQLiteQueue(folder: folder)
        let session = try queue.connect()
        try session.publish([Publication(body: "a"), Publication(body: "b", isSilent: true)], first: 0)
        #expect(try session.leftovers() == ["requests (2)"])
        #expect(try session.results(from: 0, limit: 10) == [])
        #expect(try session.measures()["waiting"] == 2)
        try FileManager.default.removeItem(at: folder)
    }

    @Test(.timeLimit(.minutes(1)))
    func producesEachRequestOnceThoughTheServerIsAwayForAWhile() async throws {
        let redis = try await RedisServer(appendOnly: true)
        let queue = RedisSortedSetQueue(redis)
        let clock = RunClock()
        let books = ResultBooks(Traffic(), clock: clock)
        let producer = Producer(
            queue, Traffic(), .steady(20_000), total: 10_000, books: books, clock: clock)
        for _ in 0..<3 {
            try await Task.sleep(for: .milliseconds(100))
            redis.kill()
            try await redis.start()
        }
        while !producer.isDone { try await Task.sleep(for: .milliseconds(5)) }
        let connection = try RedisConnection(redis.url)
        #expect(try connection.send(RedisCommand("ZCARD", "request-sortedset")).integer == 10_000)
        #expect(books.produced == 10_000)
        queue.end()
    }

    @Test(arguments: [(Load.burst, 0, 100), (.steady(10), 3, 30), (.steady(10), 60, 100)])
    func knowsWhatIsDue(load: Load, seconds: Int, due: Int) {
        #expect(load.due(after: .seconds(seconds), of: 100) == due)
    }
}
