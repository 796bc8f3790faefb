import Foundation
import Intake

/// A file that names the merge policy and its parameters, as llm-d-async has it: `{"type": …, "parameters": {…}}`.
struct MergePolicyFile: Equatable {
    var policy: MergePolicy
    /// Parameters that ask for something this program does not do.
    var warnings: [String] = []

    /// - Parameter name: the flag and the file, for messages.
    init(_ data: Data, name: String) throws(SettingsError) {
        guard let document = try? JSONSerialization.jsonObject(with: data) as? [String: Any] else {
            throw SettingsError(name, "is not a JSON object")
        }
        if let other = document.keys.sorted().first(where: { !["type", "parameters"].contains($0) }) {
            throw SettingsError(name, "has no field \(other): type and parameters are all there are")
        }
        let fields = JSONFields(document, at: name, isTop: true)
        let type = try fields.text("type") ?? MergePolicy.names[0]
        guard var policy = MergePolicy(named: type) else {
            let names = MergePolicy.names.joined(separator: " or ")
            throw SettingsError(fields.path("type"), "expected \(names), not \(type.prefix(100))")
        }
        guard let parameters = try fields.object("parameters") else {
            self.policy = policy
            return
        }
        var known = Self.notHere
        if case .tierPriority(var tiers) = policy {
            known += ["tier_label", "weights"]
            tiers.label = try parameters.text("tier_label") ?? tiers.label
            switch try parameters.text("weights") {
            case nil: break
            case "strict": tiers.isStrict = true
            case let other?:
                throw SettingsError(parameters.path("weights"), "expected strict or nothing, not \(other.prefix(100))")
            }
            policy = .tierPriority(tiers)
        }
        for name in parameters.names.sorted() {
            guard known.contains(name) else {
                let hint = NearestName.of(name, among: known).map { "; did you mean \($0)?" } ?? ""
                throw SettingsError(parameters.path(name), "is no parameter of \(type)\(hint)")
            }
            if Self.notHere.contains(name) { warnings.append("\(parameters.path(name)) has no effect in this version") }
        }
        self.policy = policy
    }

    /// Those that set headers.
    private static let notHere = [
        "priority_header", "objective_header", "lane_objectives", "fairness_header", "fairness_attribute",
    ]
}

extension Launch {
    /// What flag and file say.
    func mergePolicy(_ flags: IngestFlags<Kind>) throws(SettingsError) -> MergePolicyFile? {
        let flag = "--request-merge-policy-config-file"
        guard let (path, data) = try contents(of: flags.requestMergePolicyConfigFile, flag) else { return nil }
        let file = try MergePolicyFile(data, name: "\(flag): \(path)")
        if let named = flags.requestMergePolicy, named.name != file.policy.name {
            throw SettingsError(flag, "names \(file.policy.name), and --request-merge-policy \(named.name)")
        }
        return file
    }
}
