import Foundation
import Synchronization
import Testing

@testable import Settings

@Suite(.timeLimit(.minutes(1)))
struct LogWriterTests {
    private func makeWriter(_ descriptor: CInt) -> LogWriter {
        LogWriter(descriptor: descriptor) { "\($0) missing\n" }
    }

    @Test
    func waitsForNobodyWhoHasStoppedReading() throws {
        let pipe = Pipe()
        let writer = makeWriter(pipe.fileHandleForWriting.fileDescriptor)
        let start = ContinuousClock.now
        let line = String(repeating: "x", count: 99) + "\n"
        for _ in 0..<20_000 { writer.write(line) }
        writer.flush(within: .milliseconds(50))
        #expect(ContinuousClock.now - start < .seconds(10))
        // The reader is back.
        var text: [UInt8] = []
        while !text.suffix(9).elementsEqual(" missing\n".utf8) { text += pipe.fileHandleForReading.availableData }
        let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
        let missing = try #require(lines.last?.split(separator: " ").first.flatMap { Int($0) })
        #expect(missing > 0)
        #expect(lines.count - 1 + missing == 20_000)
        #expect(lines.dropLast().allSatisfy { $0.count == 99 })
        writer.write("after\n")
        writer.flush(within: .seconds(10))
        #expect(String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self) == "after\n")
    }

    @Test
    func writesEverythingBeforeItEnds() throws {
        let pipe = Pipe()
        let writer = makeWriter(pipe.fileHandleForWriting.fileDescriptor)
        for number in 0..<100 { writer.write("\(number)\n") }
        writer.flush(within: .seconds(10))
        let text = String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self)
        #expect(text == (0..<100).map { "\($0)\n" }.joined())
    }

    /// The descriptor may have been made so by another process.
    @Test
    func writesToADescriptorThatDoesNotBlock() throws {
        let pipe = Pipe()
        let descriptor = pipe.fileHandleForWriting.fileDescriptor
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        let writer = makeWriter(descriptor)
        let line = String(repeating: "y", count: 200_000) + "\n"
        writer.write(line)
        var text: [UInt8] = []
        while text.last != 0x0A { text += pipe.fileHandleForReading.availableData }
        #expect(text.count == line.utf8.count)
    }

    @Test
    func saysWhatWasLostOnceALineGetsThrough() throws {
        let path = NSTemporaryDirectory() + "full-\(UUID())"
        let full = open("/dev/full", O_WRONLY | O_CLOEXEC)
        let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        defer {
            close(full)
            close(file)
            unlink(path)
        }
        let writer = makeWriter(full)
        for _ in 0..<3 { writer.write("lost\n") }
        writer.flush(within: .seconds(10))
        dup2(file, full)
        writer.write("kept\n")
        writer.flush(within: .seconds(10))
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "3 missing\nkept\n")
    }

    @Test
    func keepsTheFirstLinesAndCountsTheOthers() {
        var backlog = LogBacklog()
        #expect(backlog.isEmpty)
        for number in 0..<(LogBacklog.mostLines + 2) { backlog.add("\(number)") }
        let batch = backlog.take()
        #expect(batch.lines.count == LogBacklog.mostLines)
        #expect(batch.lines.first == "0")
        #expect(batch.dropped == 2)
        #expect(backlog.isEmpty)
        let half = String(repeating: "x", count: LogBacklog.mostBytes / 2)
        for _ in 0..<3 { backlog.add(half) }
        let large = backlog.take()
        #expect(large.dropped == 1)
    }
}
