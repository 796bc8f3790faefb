import Foundation
import Processes

/// How a script ended.
struct Ending {
    let status: Int32
    /// Standard output and standard error.
    let output: String
    let calls: [Call]

    func called(_ start: String) -> Bool { calls.contains { $0.description.hasPrefix(start) } }

    /// What would change a cluster.
    var changes: [Call] {
        calls.filter { call in
            let verbs = ["apply", "create", "delete", "patch", "scale", "label", "annotate", "load", "export"]
            return verbs.contains { call.arguments.dropFirst().first == $0 }
        }
    }
}

/// A copy of what deploying needs of this repository, with tools that only pretend.
struct DeployFolder {
    let root: URL
    let tools: FakeTools

    static let repository = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized

    /// A cluster that is there, allows everything and is empty, and an engine with the image.
    static let healthy = [
        Answer("kubectl config get-contexts *", "production\nkind-async-processor\n"),
        Answer("kubectl config current-context", "production\n"),
        Answer("kubectl config view *", "https://10.0.0.1:6443"),
        Answer("kubectl auth can-i *", "yes\n"),
        Answer("kubectl get namespace*", status: 1),
        Answer("kubectl get service redis-master *", "10.0.0.7"),
        Answer("kubectl api-resources *", "deployments.apps\nservices\nconfigmaps\nsecrets\n"),
        Answer("docker info *", "27.0\n"),
        Answer("docker image inspect --format *", "sha256:1234\n"),
        Answer("kind get clusters", "other\n"),
    ]

    /// What the scripts use of a system: a real kubectl beside these would be found where the pretended one is removed.
    private static let programs = [
        "awk", "base64", "basename", "bash", "cat", "chmod", "cp", "date", "dirname", "env", "find", "git", "grep",
        "head", "make", "mkdir", "mktemp", "mv", "paste", "python3", "readelf", "realpath", "rm", "sed", "seq", "sh",
        "sleep", "sort", "tail",
        "timeout", "tr", "xargs",
    ]

    init() throws {
        root = URL(filePath: "/tmp/ap-deploy-\(UInt32.random(in: 0 ... .max))")
        tools = try FakeTools(in: root.appending(path: "tools"))
        try FileManager.default.createDirectory(atPath: systemPath, withIntermediateDirectories: true)
        for program in Self.programs {
            try FileManager.default.createSymbolicLink(
                atPath: "\(systemPath)/\(program)", withDestinationPath: "/usr/bin/\(program)")
        }
        let version = "Sources/Shared/Pipeline/Settings/StageName.swift"
        for path in ["CHANGELOG.md", "Makefile", "scripts", "compose", "deploy", version] {
            let copy = root.appending(path: path)
            try FileManager.default.createDirectory(
                at: copy.deletingLastPathComponent(), withIntermediateDirectories: true)
            try FileManager.default.copyItem(at: Self.repository.appending(path: path), to: copy)
        }
        try tools.answer(Self.healthy)
    }

    func end() { try? FileManager.default.removeItem(at: root) }

    func write(_ text: String, to path: String) throws {
        try text.write(to: root.appending(path: path), atomically: true, encoding: .utf8)
    }

    func text(_ path: String) -> String { (try? String(contentsOf: root.appending(path: path), encoding: .utf8)) ?? "" }

    /// Of the kustomization that was rendered last.
    func kustomized(_ file: String = "kustomization.yaml") -> String { text("tools/kustomized/\(file)") }

    /// `make TARGET` in the folder, with nothing in the environment but what is given.
    ///
    /// - Parameter answers: in front of those of a healthy cluster.
    func make(_ target: String, _ environment: [String: String] = [:], answers: [Answer] = []) throws -> Ending {
        try tools.answer(answers + Self.healthy)
        _ = tools.calls()
        let ended = try runToEnd(
            URL(filePath: "/usr/bin/make"), ["--no-print-directory", "-C", root.path, target],
            environment: ["PATH": "\(tools.path):\(systemPath)", "HOME": root.path].merging(environment) { $1 })
        return Ending(status: ended.status, output: ended.output, calls: tools.calls())
    }

    private var systemPath: String { root.appending(path: "system").path }
}
