import Foundation
import Processes
import Testing

extension EndToEnd {
    /// `make install`, with the executables of this build and everything below a folder of its own.
    struct InstallTests {
        fileprivate static let programs = ["ingest", "dispatch", "retry", "emit", "apctl"]
        private static let stages = programs.dropLast()
        private static let installed = Result { try Installation() }

        @Test(.timeLimit(.minutes(2)))
        func putsEverythingWhereASystemLooks() throws {
            let folder = try Self.installed.get()
            for program in Self.programs {
                #expect(folder.isExecutable("usr/local/bin/\(program)"))
                #expect(
                    folder.text("usr/local/share/man/man1/\(program).1").hasPrefix(".TH \"\(program.uppercased())\""))
                let completions = [
                    "bash-completion/completions/\(program)", "zsh/site-functions/_\(program)",
                    "fish/vendor_completions.d/\(program).fish",
                ]
                for path in completions { #expect(folder.text("usr/local/share/\(path)").contains(program)) }
            }
            #expect(
                folder.text("usr/local/share/man/man1/apctl-dead-letters-list.1").contains(
                    "\\fBapctl\\-dead\\-letters\\fR(1)"))
            #expect(folder.permissions("etc/async-processor/pipeline.env") == 0o600)
            #expect(try folder.run("usr/local/bin/apctl", ["--version"]).output.hasPrefix("apctl "))
        }

        @Test(.timeLimit(.minutes(2)))
        func keepsSettingsWhenItInstallsAgainAndWhenItRemovesTheRest() throws {
            let folder = try Installation()
            let settings = folder.root.appending(path: "etc/async-processor/pipeline.env")
            try "AP_CONCURRENCY=3\n".write(to: settings, atomically: true, encoding: .utf8)
            #expect(try folder.make("install").status == 0)
            #expect(try folder.make("uninstall").status == 0)
            #expect(folder.files == ["etc/async-processor/pipeline.env"])
            #expect(folder.text("etc/async-processor/pipeline.env") == "AP_CONCURRENCY=3\n")
        }

        @Test
        func saysWhatIsMissingBeforeItInstallsAnything() throws {
            let folder = try Installation(isInstalled: false)
            let nothing = try folder.make("install", ["BIN=/nowhere"])
            #expect(nothing.status != 0)
            #expect(nothing.output.contains("there is no executable /nowhere/ingest; run 'make build' first"))
            let relative = try folder.make("install", ["PREFIX=usr"])
            #expect(relative.status != 0)
            #expect(relative.output.contains("'usr' is no absolute path"))
            #expect(folder.files.isEmpty)
        }

        /// A page shows the flags of its own stage, and the variable of each.
        @Test(.timeLimit(.minutes(2)))
        func writesPagesThatTheFormatterUnderstands() throws {
            let folder = try Self.installed.get()
            let pages = folder.files.filter { $0.hasSuffix(".1") }
            #expect(pages.count > 12)
            #expect(!pages.contains { $0.contains("stage-process") })
            let dispatch = folder.text("usr/local/share/man/man1/dispatch.1")
            #expect(dispatch.contains("\\fB\\-\\-concurrency\\fR \\fIn\\fR"))
            #expect(dispatch.contains("AP_CONCURRENCY"))
            #expect(!dispatch.contains("AP_BACKOFF_BASE"))
            guard FileManager.default.isExecutableFile(atPath: "/usr/bin/groff") else { return }
            for page in pages {
                let said = try run("/usr/bin/groff", ["-k", "-man", "-ww", "-Tutf8", "-z", folder.path(page)])
                #expect(said.status == 0 && said.output.isEmpty, "\(page): \(said.output)")
            }
        }

        @Test(.timeLimit(.minutes(2)), arguments: ["bash", "zsh", "fish"])
        func writesCompletionsThatTheShellUnderstands(shell: String) throws {
            let folder = try Self.installed.get()
            guard FileManager.default.isExecutableFile(atPath: "/usr/bin/\(shell)") else { return }
            for path in folder.files where path.contains("/\(shell)") {
                let said = try run("/usr/bin/\(shell)", ["-n", folder.path(path)])
                #expect(said.status == 0 && said.output.isEmpty, "\(path): \(said.output)")
            }
        }

        @Test(.timeLimit(.minutes(2)))
        func writesUnitsThatSystemdUnderstandsAndFindsSafe() throws {
            let folder = try Self.installed.get()
            let analyze = "/usr/bin/systemd-analyze"
            for stage in Self.stages {
                let unit = "usr/local/lib/systemd/system/async-processor-\(stage).service"
                #expect(folder.text(unit).contains("\nExecStart=/usr/local/bin/\(stage)\n"))
                #expect(folder.text(unit).contains("\nEnvironmentFile=-/etc/async-processor/\(stage).env\n"))
                #expect(!folder.text(unit).contains(/@[A-Z]+@/))
                guard FileManager.default.isExecutableFile(atPath: analyze) else { continue }
                let verified = try run(
                    analyze,
                    [
                        "verify", "--man=no", "--recursive-errors=no", "--root=\(folder.root.path)", folder.path(unit),
                    ])
                #expect(verified.status == 0 && verified.output.isEmpty, "\(verified.output)")
                // From 0, nothing is open, to 100: above 20 it fails.
                let safe = try run(
                    analyze, ["security", "--offline=yes", "--no-pager", "--threshold=20", folder.path(unit)])
                #expect(safe.status == 0, "\(safe.output)")
            }
        }
    }
}

/// A folder that takes the place of the whole file system.
private struct Installation {
    let root: URL
    /// The executables that are installed.
    private let built: URL

    init(isInstalled: Bool = true) throws {
        root = try temporaryDirectory()
        built = try Self.scripts()
        guard isInstalled else { return }
        let made = try make("install")
        if made.status != 0 { throw ProcessFailure("make install ends with \(made.status): \(made.output)") }
    }

    /// Scripts that call the executables of this build: copies of those themselves would have hundreds of megabytes.
    private static func scripts() throws -> URL {
        let folder = try temporaryDirectory()
        for program in EndToEnd.InstallTests.programs {
            let script = folder.appending(path: program)
            try "#!/bin/sh\nexec \(builtExecutable(program).path) \"$@\"\n"
                .write(to: script, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script.path)
        }
        return folder
    }

    func make(_ target: String, _ variables: [String] = []) throws -> Ended {
        let repository = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized
        return try EndToEndTests.run(
            "/usr/bin/make", ["-C", repository.path, target, "DESTDIR=\(root.path)", "BIN=\(built.path)"] + variables)
    }

    func run(_ program: String, _ arguments: [String]) throws -> Ended {
        try EndToEndTests.run(path(program), arguments)
    }

    func path(_ relative: String) -> String { root.appending(path: relative).path }

    func text(_ relative: String) -> String { (try? String(contentsOfFile: path(relative), encoding: .utf8)) ?? "" }

    func isExecutable(_ relative: String) -> Bool { FileManager.default.isExecutableFile(atPath: path(relative)) }

    func permissions(_ relative: String) -> Int? {
        try? FileManager.default.attributesOfItem(atPath: path(relative))[.posixPermissions] as? Int
    }

    /// All files, by their paths below the folder.
    var files: [String] {
        let all = FileManager.default.enumerator(atPath: root.path)?.compactMap { $0 as? String } ?? []
        return all.filter { relative in
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: path(relative), isDirectory: &isFolder) && !isFolder.boolValue
        }
    }
}

private func run(_ program: String, _ arguments: [String]) throws -> Ended {
    try runToEnd(URL(filePath: program), arguments)
}
