import Foundation
import Messages
import Testing

@testable import Apctl

struct FileTests {
    @Test(arguments: [
        ("", [String]()), ("a", ["a"]), ("a\n", ["a"]), ("a\r\nb", ["a", "b"]), ("\n\na\n", ["", "", "a"]),
        ("a\rb\n", ["a\rb"]), ("\u{FEFF}a\n\u{FEFF}b", ["a", "b"]), ("\u{FEFF}", []),
    ])
    func readsLines(text: String, lines: [String]) throws {
        try withFolder { folder in
            let found = try read(folder.file("in", text))
            #expect(found == lines)
        }
    }

    /// Longer than the reader's buffer, and a line end that falls on its edge.
    @Test
    func readsLongLines() throws {
        try withFolder { folder in
            let lines = [String(repeating: "x", count: (1 << 20) - 1), String(repeating: "y", count: 3 << 20), "z"]
            let found = try read(folder.file("in", lines.joined(separator: "\n") + "\n"))
            #expect(found == lines)
        }
    }

    @Test
    func knowsAFileAgainAndNotAnother() throws {
        try withFolder { folder in
            // Longer than what is read at once.
            let text = "a\n\n b\n" + String(repeating: "x", count: 3 << 20)
            let path = folder.file("in", text + "c")
            let identity = try InputSurvey(path: path).identity
            #expect(identity.lines == 3)
            #expect(try InputSurvey(path: path).identity == identity)
            _ = folder.file("in", text + "d")
            #expect(try InputSurvey(path: path).identity != identity, "also the last byte counts")
            #expect(throws: RunError("\(folder.path) is not a file")) { try InputSurvey(path: folder.path) }
        }
    }

    @Test
    func readsGzipAsWhatIsInIt() throws {
        try withFolder { folder in
            let text = (0..<50_000).map { "line \($0)\n" }.joined()
            let plain = folder.file("in", text)
            // Two streams, as files put together have.
            let packed = try gzip("\u{FEFF}first\n", folder) + gzip(text, folder)
            let path = folder.path + "/in.gz"
            try packed.write(to: URL(filePath: path))
            #expect(try read(path) == ["first"] + (0..<50_000).map { "line \($0)" })
            try gzip(text, folder).write(to: URL(filePath: path))
            #expect(try InputSurvey(path: path).identity == InputSurvey(path: plain).identity)
            #expect(try InputSurvey(path: path).isGzip)
            try packed.dropLast(9).write(to: URL(filePath: path))
            #expect(throws: RunError("\(path) ends in the middle of its gzip data")) { try read(path) }
        }
    }

    @Test(arguments: [("\u{FFFE}a\n", "UTF-16"), ("BZh91AY", "packed with bzip2"), ("PK\u{3}\u{4}", "a zip archive")])
    func saysWhatItCannotRead(text: String, name: String) throws {
        try withFolder { folder in
            let path = folder.path + "/in"
            let encoding = name == "UTF-16" ? String.Encoding.utf16LittleEndian : .utf8
            try #require(text.replacing("\u{FFFE}", with: "\u{FEFF}").data(using: encoding)).write(
                to: URL(filePath: path))
            let error = #expect(throws: RunError.self) { try read(path) }
            #expect(error?.description.contains("is \(name);") == true)
        }
    }

    @Test
    func saysWhichIdsStandThereTwice() throws {
        try withFolder { folder in
            let lines = [
                #"{"id":"a"}"#, "", #"{"custom_id":"b"}"#, #"{"id":"a"}"#, "{,}", "{,}", #"{"id":"b"}"#, #"{"id":7}"#,
            ]
            let survey = try InputSurvey(path: folder.file("in", lines.joined(separator: "\n")))
            #expect(survey.repetitions == 2)
            #expect(survey.firstRepetition == InputSurvey.Repetition(id: "a", line: 4, earlier: 1))
            #expect(survey.repetitionNote?.contains(#"2 lines have an id"#) == true)
            #expect(survey.repetitionNote?.contains(#"line 4 with "a", as on line 1"#) == true)
            #expect(try InputSurvey(path: folder.file("in", #"{"id":"a"}"#)).repetitionNote == nil)
        }
    }

    @Test
    func aFullDiskIsSaidWithItsCure() throws {
        try withFolder { folder in
            try FileManager.default.createSymbolicLink(atPath: folder.path + "/out", withDestinationPath: "/dev/full")
            let output = try OutputFile(path: folder.path + "/out", length: 0)
            let error = #expect(throws: RunError.self) { try output.append([1]) }
            #expect(error?.isFullDisk == true)
            #expect(error?.exitCode == 1)
            #expect(error?.description.contains("No space left on device. Make room and run the same command") == true)
        }
    }

    @Test
    func aPipeIsWrittenToAsItComes() throws {
        try withFolder { folder in
            let path = folder.path + "/pipe"
            mkfifo(path, 0o600)
            let reader = open(path, O_RDONLY | O_NONBLOCK)
            defer { close(reader) }
            let output = try OutputFile(path: path, length: 1000)
            try output.append(Array("hello\n".utf8))
            var bytes = [UInt8](repeating: 0, count: 100)
            #expect(Glibc.read(reader, &bytes, 100) == 6)
        }
    }

    @Test
    func anOutputIsCutToWhatWasRecorded() throws {
        try withFolder { folder in
            let path = folder.file("out", "one\ntwo\nthr")
            let output = try OutputFile(path: path, length: 8)
            try output.append(Array("2\n".utf8))
            #expect(output.length == 10)
            #expect(folder.text("out") == "one\ntwo\n2\n")
            #expect(throws: RunError.self) { try OutputFile(path: path, length: 11) }
        }
    }

    @Test
    func oneRunAtATimeUsesAState() throws {
        try withFolder { folder in
            let first = try StateLock(path: folder.path + "/lock")
            let error = #expect(throws: RunError.self) { try StateLock(path: folder.path + "/lock") }
            #expect(error?.exitCode == 64)
            withExtendedLifetime(first) {}
        }
    }

    @Test
    func smallFilesAreReplacedWhole() throws {
        try withFolder { folder in
            let path = folder.path + "/a.json"
            #expect(try Files.read([Int].self, from: path) == nil)
            try Files.write([1, 2], to: path)
            try Files.write([3], to: path)
            #expect(try Files.read([Int].self, from: path) == [3])
            _ = folder.file("a.json", "{")
            #expect(throws: RunError.self) { try Files.read([Int].self, from: path) }
        }
    }

    @Test
    func remembersFormatsAndLineNumbers() {
        var formats = LineFormats()
        let lines =
            ["{\"id\":1}", "", "{\"custom_id\":1}", " ", "\t"] + Array(repeating: "{\"custom_id\":2}", count: 100)
        let requests = lines.map { formats.add(Array($0.utf8)[...]) }
        #expect(requests.count { $0 } == 102)
        #expect([1, 2, 3, 64, 65, 102].map(formats.isBatch) == [false, true, true, true, true, true])
        #expect([0, 103].map(formats.isBatch) == [false, false])
        #expect([1, 2, 3, 102].map(formats.lineNumber) == [1, 3, 6, 105])
    }

    /// Files put together have one in the middle.
    @Test
    func dropsAByteOrderMarkBeforeAnyLine() throws {
        try withFolder { folder in
            let path = folder.file("lines", "\u{FEFF}a\n\u{FEFF}b\r\nc\u{FEFF}\n\u{FEFF}\n\u{FEFF}d")
            let lines = try read(path).map { Array($0.utf8) }
            #expect(lines == ["a", "b", "c\u{FEFF}", "", "d"].map { Array($0.utf8) })
        }
    }

    private func gzip(_ text: String, _ folder: Folder) throws -> Data {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/gzip")
        process.arguments = ["-kf", folder.file("part", text)]
        try process.run()
        process.waitUntilExit()
        return try Data(contentsOf: URL(filePath: folder.path + "/part.gz"))
    }

    private func read(_ path: String) throws -> [String] {
        let reader = try LineReader(path: path)
        var lines: [String] = []
        while let line = try reader.next() { lines.append(String(decoding: line, as: UTF8.self)) }
        return lines
    }
}

/// A folder of a test's own.
struct Folder {
    let path: String

    /// Writes a file, and returns its path.
    func file(_ name: String, _ text: String) -> String {
        _ = FileManager.default.createFile(atPath: "\(path)/\(name)", contents: Data(text.utf8))
        return "\(path)/\(name)"
    }

    func text(_ name: String) -> String {
        String(decoding: FileManager.default.contents(atPath: "\(path)/\(name)") ?? Data(), as: UTF8.self)
    }
}

func makeFolder() -> Folder {
    var template = Array("/tmp/apctl-tests-XXXXXX".utf8CString)
    mkdtemp(&template)
    return Folder(path: String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
}

/// Removes the folder whatever happens.
func withFolder(_ body: (Folder) throws -> Void) throws {
    let folder = makeFolder()
    defer { try? FileManager.default.removeItem(atPath: folder.path) }
    try body(folder)
}

func withFolderAsync(_ body: (Folder) async throws -> Void) async throws {
    let folder = makeFolder()
    defer { try? FileManager.default.removeItem(atPath: folder.path) }
    try await body(folder)
}
