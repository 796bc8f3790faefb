import Testing

/// `make release-check`, without what takes minutes.
struct ReleaseCheckTests {
    private static let all = "tree version lint manifests test image"

    private func check(_ parts: String, in folder: DeployFolder, answers: [Answer] = []) throws -> Ending {
        let wanted = parts.split(separator: " ")
        let skipped = Self.all.split(separator: " ").filter { !wanted.contains($0) }
        return try folder.make("release-check", ["SKIP": skipped.joined(separator: " ")], answers: answers)
    }

    /// The changes with a day in place of "unreleased".
    private func date(_ folder: DeployFolder, _ version: String = "0.1.0") throws {
        let changes = folder.text("CHANGELOG.md").replacing(/## \S+ \(.*\)/, with: "## \(version) (2026-12-01)")
        try folder.write(changes, to: "CHANGELOG.md")
    }

    @Test
    func findsOneVersionEverywhere() throws {
        let folder = try DeployFolder()
        defer { folder.end() }
        try date(folder)
        let ending = try check("version", in: folder)
        #expect(ending.status == 0, "\(ending.output)")
        #expect(ending.output.contains("Version 0.1.0: nothing wrong in what was looked at."))
    }

    @Test(arguments: [
        ("CHANGELOG.md", "CHANGELOG.md begins with '## 0.1.0 (unreleased)'"),
        ("deploy/helm/async-processor/Chart.yaml", "has appVersion 0.0.9; it should be 0.1.0"),
        ("deploy/kubernetes/base/stage.yaml", "its tag should be 0.1.0"),
    ])
    func namesWhatHasAnotherVersion(file: String, reason: String) throws {
        let folder = try DeployFolder()
        defer { folder.end() }
        if file == "CHANGELOG.md" {
            try folder.write(folder.text(file).replacing(/## \S+ \(.*\)/, with: "## 0.1.0 (unreleased)"), to: file)
        } else {
            try date(folder)
            try folder.write(folder.text(file).replacing("0.1.0", with: "0.0.9"), to: file)
        }
        let ending = try check("version", in: folder)
        #expect(ending.status != 0)
        #expect(ending.output.contains(reason), "\(ending.output)")
        #expect(ending.output.contains("Version 0.1.0 is not ready to be released"))
    }

    @Test
    func asksTheProgramsInTheImageForTheirVersion() throws {
        let folder = try DeployFolder()
        defer { folder.end() }
        try folder.write(
            "image:\n\n\(folder.text("Makefile").replacing(/\nimage:.*\n.*\n/, with: "\n"))", to: "Makefile")
        let right = [
            Answer("docker run --rm async-processor:0.1.0 retry --version", "retry 0.0.9\n"),
            Answer("docker run *", "program 0.1.0\n"), Answer("docker image inspect *version*", "0.1.0\n"),
        ]
        let ending = try check("image", in: folder, answers: right)
        #expect(
            ending.output.contains("'retry --version' in async-processor:0.1.0 says: retry 0.0.9"), "\(ending.output)")
        #expect(!ending.output.contains("'emit --version'"))
        #expect(ending.output.contains("the label of the revision"))
    }
}
