import Logging
import Synchronization
import Testing

@testable import Settings

struct StageLogHandlerTests {
    /// Where lines go in these tests.
    private final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func append(_ line: String) { lines.withLock { $0.append(line) } }
    }

    private func makeLogger(_ format: LogFormat, level: Logger.Level = .info, _ lines: Lines) -> Logger {
        Logger(label: "dispatch") { label in
            StageLogHandler(label: label, level: level, format: format, write: { lines.append($0) })
        }
    }

    @Test
    func writesOneLineOfText() throws {
        let lines = Lines()
        var logger = makeLogger(.text, lines)
        logger[metadataKey: "queue"] = "batch"
        logger.info("Connected", metadata: ["request.id": "r 1", "count": "\(3)", "empty": "", "quote": "a\"b\nc"])
        let line = try #require(lines.all.first)
        #expect(line.count { $0 == "\n" } == 1)
        let time = line.prefix(24)
        #expect(time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
        #expect(
            line.dropFirst(24)
                == " info     dispatch: Connected count=3 empty=\"\" queue=batch quote=\"a\\\"b\\nc\" request.id=\"r 1\"\n"
        )
    }

    @Test
    func writesOneObjectOfJSON() throws {
        let lines = Lines()
        let logger = makeLogger(.json, lines)
        logger.warning(
            "Peer \"lost\"",
            metadata: [
                "count": .stringConvertible(3), "open": .stringConvertible(true), "list": ["a", "b"],
                "nested": ["k": "v\u{1}"], "level": "own",
            ])
        let line = try #require(lines.all.first)
        let tail = line.drop { $0 != "," }
        #expect(line.hasPrefix(#"{"time":"2"#))
        #expect(
            tail == #","level":"warning","stage":"dispatch","message":"Peer \"lost\"","count":3,"_level":"own","#
                + #""list":["a","b"],"nested":{"k":"v\u0001"},"open":true}"# + "\n")
    }

    @Test(arguments: [LogFormat.text, .json])
    func writesNothingThatDrivesATerminal(format: LogFormat) throws {
        let lines = Lines()
        let id = "\u{9B}31m\u{9D}0;x\u{85}\u{2028}\u{202E}é\u{7F}"
        let escaped = #""\u009b31m\u009d0;x\u0085\u2028\u202eé\u007f""#
        makeLogger(format, lines).info("M\u{9B}\n", metadata: ["request.id": "\(id)", "list": ["\(id)"]])
        let line = try #require(lines.all.first)
        #expect(line.unicodeScalars.filter { $0.properties.generalCategory == .control } == ["\n"], "its end")
        #expect(!line.unicodeScalars.contains { ["\u{2028}", "\u{202E}"].contains($0) })
        #expect(line.contains(format == .text ? "request.id=\(escaped)" : #""request.id":\#(escaped)"#))
        #expect(line.contains(#"M\u009b"#))
    }

    @Test
    func leavesWordsOfAllLanguagesAsTheyAre() {
        let lines = Lines()
        makeLogger(.text, lines).info("M", metadata: ["name": "né日本😀"])
        #expect(lines.all.first?.hasSuffix(" M name=né日本😀\n") == true)
    }

    @Test
    func writesNothingBelowItsLevel() {
        let lines = Lines()
        let logger = makeLogger(.text, level: .warning, lines)
        var asked = false
        logger.info("\({ asked = true; return "x" }())")
        logger.error("Seen")
        #expect(lines.all.count == 1)
        #expect(asked == false)
    }

    @Test
    func letsTheEventsOwnMetadataWin() throws {
        let lines = Lines()
        var logger = makeLogger(.text, lines)
        logger[metadataKey: "queue"] = "a"
        logger.info("M", metadata: ["queue": "b"])
        #expect(lines.all.first?.hasSuffix(" dispatch: M queue=b\n") == true)
        #expect(logger[metadataKey: "queue"] == "a")
    }

    @Test
    func cutsWhatIsLong() throws {
        let lines = Lines()
        let long = String(repeating: "é", count: 1 << 20)
        makeLogger(.text, lines).info("M", metadata: ["name": "\(long)"])
        makeLogger(.json, lines).info("M", metadata: ["name": "\(long)", "list": ["\(long)"]])
        #expect(lines.all[0].utf8.count < 5000)
        #expect(lines.all[0].hasSuffix("é… (2097152 bytes)\"\n"))
        #expect(lines.all[1].utf8.count < 10_000)
        #expect(lines.all[1].hasSuffix("é… (2097152 bytes)\"}\n"))
    }

    @Test
    func keepsLinesOfSeveralThreadsWhole() async {
        let lines = Lines()
        let logger = makeLogger(.text, lines)
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<4 {
                group.addTask { for index in 0..<50 { logger.info("Line", metadata: ["n": "\(task)-\(index)"]) } }
            }
        }
        #expect(Set(lines.all.map { $0.dropFirst(24) }).count == 200)
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (951_782_400_042, "2000-02-29T00:00:00.042Z"),
        (4_102_444_799_999, "2099-12-31T23:59:59.999Z"),
    ])
    func tellsTheTimeInUTC(milliseconds: Int64, expected: String) {
        #expect(LogTime(milliseconds: milliseconds).description == expected)
    }
}
