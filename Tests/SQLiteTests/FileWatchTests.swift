import Foundation
import Testing

@testable import SQLiteSource

struct FileWatchTests {
    private let path = URL.temporaryDirectory.appending(path: "watched-\(UUID().uuidString)").path

    @Test
    func tellsOfAWrite() throws {
        #expect(FileManager.default.createFile(atPath: path, contents: nil))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let watch = try #require(FileWatch(path: path))
        let file = try #require(FileHandle(forWritingAtPath: path))
        try file.write(contentsOf: Data("one".utf8))
        try file.write(contentsOf: Data("two".utf8))
        #expect(watch.wait(limit: .seconds(10)))
        // Both writes were one event.
        #expect(!watch.wait(limit: .zero))
    }

    @Test
    func waitsForItsLimitWhenNobodyWrites() throws {
        #expect(FileManager.default.createFile(atPath: path, contents: nil))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let watch = try #require(FileWatch(path: path))
        let start = ContinuousClock.now
        #expect(!watch.wait(limit: .milliseconds(20)))
        #expect(!watch.wait(limit: .microseconds(500)))
        #expect(ContinuousClock.now - start >= .microseconds(20_400))
    }

    @Test
    func isNotHadForAMissingFile() {
        #expect(FileWatch(path: path) == nil)
    }
}
