import Foundation
import Loop
import Messages
import Testing

@testable import Attempts

@PipelineActor
@Suite(.timeLimit(.minutes(1)))
struct GatewayTokenTests {
    @Test
    func isSentInThePlaceOfWhateverTheMessageBrought() throws {
        let bench = try TokenBench("secret\n")
        let headers = [
            HeaderField("Content-Type", "application/json"), HeaderField("AUTHORIZATION", "Bearer theirs"),
            HeaderField("x", "y"),
        ]
        #expect(
            try bench.token().authorize(headers) == [
                HeaderField("Content-Type", "application/json"), HeaderField("x", "y"),
                HeaderField("Authorization", "Bearer secret"),
            ])
    }

    @Test
    func isReadAgainWhenTheFileChangesAndNotMoreThanOnceASecond() async throws {
        let bench = try TokenBench("one")
        let token = try bench.token()
        try bench.write("two")
        #expect(token.authorization.value == "Bearer one")
        bench.clock.now += .milliseconds(999)
        #expect(token.authorization.value == "Bearer one")
        bench.clock.now += .milliseconds(1)
        #expect(await token.becomes("two"))
        var changes = 0
        token.onChange = { changes += 1 }
        try bench.write("six")
        bench.clock.now += .seconds(1)
        #expect(await token.becomes("six"))
        #expect(changes == 1)
        // The same token in a new file is none.
        try bench.write("six")
        bench.clock.now += .seconds(1)
        #expect(await token.afterALook() == "Bearer six")
        #expect(changes == 1)
        #expect(bench.warnings.texts == [])
    }

    @Test
    func followsALinkThatIsSwapped() async throws {
        let bench = try TokenBench("unused")
        for name in ["old", "new"] {
            try FileManager.default.createDirectory(
                at: bench.directory.appending(path: name), withIntermediateDirectories: true)
            try name.write(to: bench.directory.appending(path: "\(name)/token"), atomically: true, encoding: .utf8)
        }
        let (data, next) = (bench.directory.appending(path: "data").path, bench.directory.appending(path: "next").path)
        try FileManager.default.createSymbolicLink(atPath: data, withDestinationPath: "old")
        let token = try bench.token(path: data + "/token")
        #expect(token.authorization.value == "Bearer old")
        try FileManager.default.createSymbolicLink(atPath: next, withDestinationPath: "new")
        try #require(rename(next, data) == 0)
        bench.clock.now += .seconds(1)
        #expect(await token.becomes("new"))
    }

    @Test
    func isUsedOnWhenTheFileIsGoneWithOneWarning() async throws {
        let bench = try TokenBench("one")
        let token = try bench.token()
        try FileManager.default.removeItem(atPath: bench.path)
        for _ in 0..<3 {
            bench.clock.now += .seconds(1)
            #expect(await token.afterALook() == "Bearer one")
        }
        #expect(bench.warnings.texts.count == 1)
        #expect(bench.warnings.texts.first?.contains(bench.path) == true)
        try bench.write("two")
        bench.clock.now += .seconds(1)
        #expect(await token.becomes("two"))
        try bench.write("  ")
        bench.clock.now += .seconds(1)
        #expect(await token.afterALook() == "Bearer two")
        #expect(bench.warnings.texts.count == 2)
    }

    /// A pipe that nobody writes to hangs as a mount does whose server is away.
    @Test
    func isUsedOnWhileTheFileHangs() async throws {
        let bench = try TokenBench("one")
        let token = try bench.token(patience: .milliseconds(100))
        try FileManager.default.removeItem(atPath: bench.path)
        try #require(mkfifo(bench.path, 0o600) == 0)
        let begin = ContinuousClock.now
        for _ in 0..<100 {
            bench.clock.now += .seconds(1)
            #expect(token.authorization.value == "Bearer one")
        }
        #expect(.now - begin < .seconds(2))
        #expect(await eventually(within: .seconds(10)) { bench.warnings.texts.count == 1 })
        #expect(bench.warnings.texts.first?.contains("takes longer") == true)

        let writer = open(bench.path, O_WRONLY | O_NONBLOCK)
        try bench.write("two")
        close(writer)
        #expect(await eventually(within: .seconds(10)) { !token.isLooking })
        bench.clock.now += .seconds(1)
        #expect(await token.becomes("two"))
        #expect(bench.warnings.texts.count == 1)
    }

    @Test(arguments: [
        ("", "it is empty"), (" \r\n\t", "it is empty"), ("two words", "more than one word"),
        ("line\nline", "more than one word"), ("caf\u{e9}", "more than one word"),
    ])
    func aFileWithoutATokenIsAnErrorAtStart(text: String, reason: String) throws {
        let bench = try TokenBench(text)
        let error = #expect(throws: GatewayTokenError.self) { try bench.token() }
        #expect(error?.path == bench.path)
        #expect(error?.description.contains(reason) == true)
    }

    @Test
    func aMissingFileIsAnErrorAtStartThatNamesIt() throws {
        let bench = try TokenBench("x")
        let error = #expect(throws: GatewayTokenError.self) { try bench.token(path: "/nonexistent/token") }
        #expect(error?.description == "gateway token file /nonexistent/token: No such file or directory")
    }
}

extension GatewayToken {
    /// Whether it is used within ten seconds.
    fileprivate func becomes(_ text: String) async -> Bool {
        await eventually(within: .seconds(10)) { authorization.value == "Bearer \(text)" }
    }

    /// What is used once a look at the file is over.
    fileprivate func afterALook() async -> String {
        _ = authorization
        _ = await eventually(within: .seconds(10)) { hasLooked }
        return authorization.value
    }
}

@PipelineActor
private func eventually(within limit: Duration, _ condition: () -> Bool) async -> Bool {
    let end = ContinuousClock.now + limit
    while !condition() {
        if ContinuousClock.now > end { return false }
        await EventLoop.shared.pause(for: .milliseconds(5))
    }
    return true
}

/// A token file in a folder of its own, a clock that stands still, and what was warned of.
@PipelineActor
private final class TokenBench {
    @PipelineActor final class Clock { var now = ContinuousClock.now }
    @PipelineActor final class Warnings { var texts: [String] = [] }

    let directory: URL
    let clock = Clock()
    let warnings = Warnings()

    var path: String { directory.appending(path: "token").path }

    init(_ text: String) throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "token-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try write(text)
    }

    isolated deinit { try? FileManager.default.removeItem(at: directory) }

    func write(_ text: String) throws { try text.write(toFile: path, atomically: true, encoding: .utf8) }

    func token(path: String? = nil, patience: Duration = .seconds(10)) throws -> GatewayToken {
        let (clock, warnings) = (clock, warnings)
        return try GatewayToken(
            path: path ?? self.path, warn: { warnings.texts.append($0) }, clock: { clock.now }, patience: patience)
    }
}
