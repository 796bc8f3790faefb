import Foundation
import Processes
import Testing

/// What `make image` and compose do before an engine is asked to do anything.
struct ImageTests {
    /// The name by which the cluster is told to pull it.
    @Test
    func buildsTheImageThatIsDeployed() throws {
        let folder = try DeployFolder()
        defer { folder.end() }
        try folder.write("export IMAGE_TAG_BASE=registry.example/team/ap\nIMAGE_TAG=2.0.0\n", to: ".env")
        let built = try folder.make("image")
        #expect(built.status == 0, "\(built.output)")
        #expect(built.called("docker build -f compose/Dockerfile --tag registry.example/team/ap:2.0.0 "))
        #expect(
            try folder.make("image", ["IMAGE_TAG": "3"]).called(
                "docker build -f compose/Dockerfile --tag registry.example/team/ap:3 "))
    }

    @Test
    func saysThatNoEngineAnswers() throws {
        let folder = try DeployFolder()
        defer { folder.end() }
        let ending = try folder.make("image", answers: [Answer("docker version*", status: 1, "Is it running?\n")])
        #expect(ending.status != 0)
        #expect(
            ending.output.contains("image: no Docker Engine answers at its usual place: Is it running?;"),
            "\(ending.output)")
        #expect(!ending.called("docker build"))
    }

    /// Those of debug builds need Swift's libraries, which the image does not have.
    @Test
    func saysHowExecutablesForTheImageAreBuilt() throws {
        let folder = try DeployFolder()
        defer { folder.end() }
        let built = try builtExecutable("ingest").deletingLastPathComponent().path
        let ending = try folder.make("image", ["BIN": built])
        #expect(ending.status != 0)
        #expect(ending.output.contains("make build BUILD_FLAGS=--static-swift-stdlib\n"), "\(ending.output)")
        #expect(!ending.output.contains("numeric argument"))
    }

    @Test
    func findsAPersonsSettingsForComposeBeforeItBuilds() throws {
        let folder = try DeployFolder()
        defer { folder.end() }
        let missing = try folder.make("compose-up", ["SETTINGS": "my.env"])
        #expect(
            missing.output.contains("compose: there is no readable file 'my.env', which SETTINGS names"),
            "\(missing.output)")
        #expect(!missing.called("docker build"))
        try folder.write("AP_CONCURRENCY=9\n", to: "my.env")
        let found = try folder.make("compose-up", ["SETTINGS": "my.env", "QUEUE": "sortedset"])
        #expect(found.status == 0, "\(found.output)")
        #expect(found.called("docker compose --file compose/compose.yaml --env-file compose/sortedset.env up "))
    }

    /// Compose itself would start what has no profile, and say nothing.
    @Test
    func refusesAProfileThatIsNotThere() throws {
        let folder = try DeployFolder()
        defer { folder.end() }
        let profiles = Answer("docker compose * config --profiles", "observability\npubsub\n")
        let ending = try folder.make("compose-up", ["PROFILES": "observabilty"], answers: [profiles])
        #expect(
            ending.output.contains("no profile 'observabilty'; there are: observability, pubsub\n"), "\(ending.output)")
        #expect(!ending.called("docker build"))
        let known = try folder.make("compose-up", ["PROFILES": "observability"], answers: [profiles])
        #expect(known.status == 0, "\(known.output)")
        #expect(known.calls.contains { $0.description.contains(" --profile observability up ") })
    }

    @Test
    func showsWhyNotAllIsReady() throws {
        let folder = try DeployFolder()
        defer { folder.end() }
        let ending = try folder.make(
            "compose-up",
            answers: [
                Answer("docker compose * up *", status: 1),
                Answer(
                    "docker compose * ps --all --format *Service*",
                    "ap-redis-1\tredis\tUp 2 seconds (healthy)\nap-emit-1\temit\tRestarting (64)\nap-retry-1\tretry\tCreated\n"
                ),
                Answer("docker compose * logs *", "Error: AP_CONCURRENCY\n"),
            ])
        #expect(ending.status != 0)
        #expect(ending.output.contains("--- ap-emit-1\nError: AP_CONCURRENCY\n"), "\(ending.output)")
        #expect(ending.calls.filter { $0.arguments.contains("logs") }.map { $0.arguments.last } == ["emit"])
        #expect(!ending.output.contains("All is ready"))
    }

    /// After a crash, the number that an engine left may be that of another process.
    @Test
    func endsNoProcessThatIsNotTheEngine() throws {
        let folder = try DeployFolder()
        defer { folder.end() }
        let other = Process()
        other.executableURL = URL(filePath: "/usr/bin/sleep")
        other.arguments = ["600"]
        try withNoSignalBlocked { try other.run() }
        defer { other.terminate() }
        try folder.write("\(other.processIdentifier)", to: "docker.pid")
        let script = DeployFolder.repository.appending(path: "scripts/container-engine")
        #expect(try runToEnd(script, ["stop", folder.root.path]).status == 0)
        #expect(other.isRunning)
    }
}
