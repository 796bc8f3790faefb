import Foundation
import Synchronization
import Testing

@testable import Apctl

/// Real processes: shell scripts started through the real executable.
struct SupervisorTests {
    @Test(.timeLimit(.minutes(1)))
    func stopsEveryStageWithATermAndWaitsForIt() async throws {
        try await withFolderAsync { folder in
            let stages = ["a", "b"].map { name in
                stage(folder, name, "trap 'echo drained; exit 0' TERM\necho up\nwhile true; do sleep 0.01; done")
            }
            let supervisor = Supervisor(stages, launcher: ProcessTests.executable) { _ in }
            async let reason = supervisor.run()
            // A stage can be up before the supervisor knows its process id.
            try await until { stages.allSatisfy { folder.text($0.name + ".log").contains("up") } }
            try await until { supervisor.running.count == 2 }
            supervisor.stop()
            #expect(await reason == nil)
            #expect(supervisor.running.isEmpty)
            for stage in stages { #expect(folder.text(stage.name + ".log").hasSuffix("drained\n")) }
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func killsStagesThatDoNotListen() async throws {
        try await withFolderAsync { folder in
            let stage = stage(folder, "deaf", "trap '' TERM\necho up\nwhile true; do sleep 0.01; done")
            let supervisor = Supervisor([stage], launcher: ProcessTests.executable) { _ in }
            async let reason = supervisor.run()
            try await until { folder.text("deaf.log").contains("up") && supervisor.running["deaf"] != nil }
            supervisor.stop()
            let id = try #require(supervisor.running["deaf"])
            supervisor.kill()
            #expect(await reason == nil)
            #expect(kill(id, 0) != 0)
        }
    }

    /// A kill while a stage is being started: it is not known yet, and must not get away with a SIGTERM.
    @Test(.timeLimit(.minutes(1)), arguments: 0..<20)
    func aKillReachesStagesThatAreBeingStarted(pause: Int) async throws {
        try await withFolderAsync { folder in
            let stage = stage(folder, "deaf", "trap '' TERM\necho up\nwhile true; do sleep 0.01; done")
            let supervisor = Supervisor([stage], launcher: ProcessTests.executable) { _ in }
            async let reason = supervisor.run()
            try await Task.sleep(for: .microseconds(250 * pause))
            supervisor.kill()
            #expect(await reason == nil)
            #expect(supervisor.running.isEmpty)
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func nothingIsStartedAfterAStop() async throws {
        try await withFolderAsync { folder in
            let supervisor = Supervisor([stage(folder, "a", "echo up")], launcher: ProcessTests.executable) { _ in }
            supervisor.stop()
            #expect(await supervisor.run() == nil)
            #expect(folder.text("a.log") == "")
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func crashesAreAnnouncedAndTheLogGoesOn() async throws {
        try await withFolderAsync { folder in
            let announced = Mutex<[String]>([])
            let stage = stage(
                folder, "a",
                "echo up\n[ -e \(folder.path)/twice ] && exec sleep 600\ntouch \(folder.path)/twice\nexit 3")
            let supervisor = Supervisor([stage], launcher: ProcessTests.executable) { text in
                announced.withLock { $0.append(text) }
            }
            async let reason = supervisor.run()
            try await until { folder.text("a.log") == "up\nup\n" }
            supervisor.stop()
            #expect(await reason == nil)
            #expect(
                announced.withLock { $0 } == [
                    "a ended with exit status 3 and is started again; its log is \(stage.log)"
                ])
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func oneThatCannotRunEndsTheOthers() async throws {
        try await withFolderAsync { folder in
            let good = stage(folder, "good", "exec sleep 600")
            let bad = StageCommand(
                name: "bad", executable: folder.path + "/missing", arguments: [], log: folder.path + "/bad.log")
            let said = "exec \(folder.path)/missing: No such file or directory"
            let supervisor = Supervisor([good, bad], launcher: ProcessTests.executable) { _ in }
            #expect(await supervisor.run()?.reason == "bad cannot be started; its log is \(bad.log)\n  \(said)")
            #expect(folder.text("bad.log") == said + "\n")
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func aLauncherThatIsMissingIsTheReason() async throws {
        try await withFolderAsync { folder in
            let supervisor = Supervisor([stage(folder, "a", "")], launcher: folder.path + "/nothing") { _ in }
            #expect(await supervisor.run()?.reason.hasPrefix("a cannot be started: ") == true)
        }
    }

    /// Signals that this process's threads block must reach a stage: a mask outlives exec.
    @Test(.timeLimit(.minutes(1)))
    func aStageBlocksNoSignals() async throws {
        try await withFolderAsync { folder in
            let stage = stage(folder, "a", "grep SigBlk /proc/self/status\nexec sleep 600")
            let supervisor = Supervisor([stage], launcher: ProcessTests.executable) { _ in }
            async let reason = supervisor.run()
            try await until { folder.text("a.log").hasSuffix("\n") }
            #expect(folder.text("a.log") == "SigBlk:\t0000000000000000\n")
            supervisor.stop()
            #expect(await reason == nil)
        }
    }

    private func stage(_ folder: Folder, _ name: String, _ script: String) -> StageCommand {
        let path = folder.file(name, "#!/bin/sh\n\(script)\n")
        chmod(path, 0o755)
        return StageCommand(name: name, executable: path, arguments: [], log: "\(path).log")
    }

    private func until(_ isTrue: () -> Bool) async throws {
        while !isTrue() { try await Task.sleep(for: .milliseconds(5)) }
    }
}
