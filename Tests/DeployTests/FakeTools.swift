import Foundation

/// What a test wants a tool to answer to calls that match.
struct Answer {
    /// The call, such as `kubectl get nodes*`, as a pattern of the shell; without `--context NAME`.
    let call: String
    var status = 0
    var output = ""

    init(_ call: String, status: Int = 0, _ output: String = "") {
        self.call = call
        self.status = status
        self.output = output
    }
}

/// One call of a tool.
struct Call: CustomStringConvertible {
    let arguments: [String]
    /// Of `--context`, which goes to the cluster that was chosen.
    let context: String?
    /// The tool and its arguments, without `--context NAME`.
    let description: String

    init(_ words: [String]) {
        var words = words
        if words.count > 2, words[1] == "--context" {
            context = words[2]
            words.removeSubrange(1...2)
        } else {
            context = nil
        }
        arguments = words
        description = words.joined(separator: " ")
    }
}

/// Programs called kubectl, kind, docker and helm in a folder for PATH, which write down how they are called and answer what
/// a test says.
///
/// A call that no answer matches succeeds and says nothing.
struct FakeTools {
    static let names = ["kubectl", "kind", "docker", "helm"]
    let folder: URL

    /// Where the programs are.
    var path: String { folder.appending(path: "bin").path }
    private var record: URL { folder.appending(path: "calls") }

    init(in folder: URL) throws {
        self.folder = folder
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        for name in Self.names {
            let program = URL(filePath: "\(path)/\(name)")
            try Self.program.write(to: program, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program.path)
        }
    }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: "\(path)/\(name)") }

    /// From now on; the first that matches counts.
    func answer(_ answers: [Answer]) throws {
        let lines = answers.map { answer in
            "\(answer.status)\t\(answer.call)\t\(answer.output.replacing("\n", with: "\\n"))\n"
        }
        try lines.joined().write(to: folder.appending(path: "answers"), atomically: true, encoding: .utf8)
    }

    /// The calls since the last time this was asked.
    func calls() -> [Call] {
        let text = (try? String(contentsOf: record, encoding: .utf8)) ?? ""
        try? FileManager.default.removeItem(at: record)
        return text.split(separator: "\u{1E}").map { call in
            Call(call.split(separator: "\u{1F}", omittingEmptySubsequences: false).map(String.init))
        }
    }

    /// `kubectl kustomize FOLDER` leaves a copy of the folder; real manifests are made where REAL_KUBECTL names a program.
    private static let program = #"""
        #!/usr/bin/env bash
        tools=$(dirname "$(dirname "$0")")
        name=$(basename "$0")
        line=$(printf '%s\037' "$name" "$@")
        printf '%s\036' "${line%$'\037'}" >>"$tools/calls"
        [ "${1:-}" != --context ] || shift 2
        if [ "$name ${1:-}" = "kubectl kustomize" ]; then
            rm -rf "$tools/kustomized"
            cp -R "$2" "$tools/kustomized"
            [ -z "${REAL_KUBECTL:-}" ] || exec "$REAL_KUBECTL" "$@"
        elif [ "${!#}" = - ]; then
            cat >"$tools/input"
        elif [ "$name ${1:-}" = "kubectl apply" ]; then
            cp "${!#}" "$tools/input"
        fi
        while IFS=$'\t' read -r status pattern output; do
            # shellcheck disable=SC2053 # A pattern.
            if [[ "$name $*" == $pattern ]]; then
                printf '%b' "$output"
                exit "$status"
            fi
        done <"$tools/answers"
        """#
}
