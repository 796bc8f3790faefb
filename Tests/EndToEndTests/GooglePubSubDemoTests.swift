import Foundation
import Processes
import TestServers
import Testing

extension EndToEnd {
    struct GooglePubSubDemoTests {
        @Test(.timeLimit(.minutes(3)), .enabled(if: GooglePubSubEmulator.isInstalled, "\(GooglePubSubEmulator.hint)"))
        func printsTenResults() throws {
            let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent()
            let process = Process()
            let output = Pipe()
            process.executableURL = root.appending(path: "scripts/pubsub-demo")
            process.environment = ProcessInfo.processInfo.environment.merging(
                ["BIN": try builtExecutable("ingest").deletingLastPathComponent().path]) { $1 }
            process.standardOutput = output
            process.standardError = output
            try process.run()
            let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            #expect(process.terminationStatus == 0, "\(text)")
            #expect(text.contains("10 of 10 results"), "\(text)")
            #expect(text.matches(of: #/review-\d+ +200 /#).count == 10, "\(text)")
        }
    }
}
