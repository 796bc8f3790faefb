import Foundation
import Synchronization
import Testing

@testable import Settings

@Suite(.timeLimit(.minutes(1)))
struct LogWriterTests {
    private func makeWriter(_ descriptor: CInt) -> LogWriter {
        // As in every program: a reader that goes away, as at the end of a failed test, is an error of the write.
        _ = signal(SIGPIPE, SIG_IGN)
        return LogWriter(descriptor: descriptor) { "\($0) missing\n" }
    }

    @Test
    func waitsForNobodyWhoHasStoppedReading() {
        let pipe = Pipe()
        let writer = makeWriter(pipe.fileHandleForWriting.fileDescriptor)
        let start = ContinuousClock.now
        let line = String(repeating: "x", count: 99) + "\n"
        for _ in 0..<20_000 { writer.write(line) }
        writer.flush(within: .milliseconds(50))
        #expect(ContinuousClock.now - start < .seconds(10))
        // The reader is back.
        var text = ""
        var (whole, missing) = (0, 0)
        while whole + missing < 20_000 {
            text += String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self)
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            for line in lines.dropLast() {
                if line.hasSuffix(" missing") { missing += Int(line.prefix { $0 != " " }) ?? 0 } else { whole += 1 }
                #expect(line.hasSuffix(" missing") || line.count == 99)
            }
            text = String(lines.last ?? "")
        }
        #expect(missing > 0)
        #expect(whole + missing == 20_000)
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
        for number in 0..<(LogBacklog.maxLines + 2) { backlog.add("\(number)") }
        let batch = backlog.take()
        #expect(batch.lines.count == LogBacklog.maxLines)
        #expect(batch.lines.first == "0")
        #expect(batch.dropped == 2)
        #expect(backlog.isEmpty)
        let half = String(repeating: "x", count: LogBacklog.maxBytes / 2)
        for _ in 0..<3 { backlog.add(half) }
        let large = backlog.take()
        #expect(large.dropped == 1)
    }
}
