import Intake
import Testing

@testable import Settings

struct MergePolicyFileTests {
    private func parse(_ document: String, _ arguments: [String] = []) throws -> IngestSettings {
        try withFile(document) { path in
            try IngestSettings.parse(arguments: ["--request-merge-policy-config-file", path] + arguments)
        }
    }

    @Test(arguments: [
        (#"{}"#, MergePolicy.randomRobin), (#"{"type":"random-robin","parameters":null}"#, .randomRobin),
        (#"{"type":"tier-priority"}"#, .tierPriority(TierPriority())),
        (
            #"{"type":"tier-priority","parameters":{"tier_label":"class","weights":"strict"}}"#,
            .tierPriority(TierPriority(label: "class", isStrict: true))
        ),
    ])
    func readsAPolicy(document: String, policy: MergePolicy) throws {
        let settings = try parse(document)
        #expect(settings.mergePolicy == policy)
        #expect(settings.stage.warnings.isEmpty)
    }

    @Test
    func warnsOfWhatHasNoEffect() throws {
        let settings = try parse(
            #"{"type":"tier-priority","parameters":{"priority_header":"x-p","fairness_attribute":"userid"}}"#)
        #expect(settings.stage.warnings.count == 2)
        #expect(settings.stage.warnings.allSatisfy { $0.hasSuffix("has no effect in this version") })
    }

    @Test(arguments: [
        ("[]", "is not a JSON object"), (#"{"type":"fair"}"#, "expected random-robin or tier-priority"),
        (#"{"typ":"tier-priority"}"#, "has no field typ"), (#"{"type":3}"#, "is not a string"),
        (#"{"type":"tier-priority","parameters":{"tier_labl":"x"}}"#, "did you mean tier_label?"),
        (#"{"type":"random-robin","parameters":{"tier_label":"x"}}"#, "is no parameter of random-robin"),
        (#"{"type":"tier-priority","parameters":{"weights":"loose"}}"#, "expected strict or nothing"),
        (#"{"type":"tier-priority","parameters":[]}"#, "is not an object"),
    ])
    func saysWhatIsWrong(document: String, reason: String) {
        #expect {
            _ = try parse(document)
        } throws: {
            "\($0)".contains("--request-merge-policy-config-file") && "\($0)".contains(reason)
        }
    }

    @Test
    func flagAndFileMustAgree() throws {
        let document = #"{"type":"tier-priority"}"#
        #expect(try parse(document, ["--request-merge-policy", "tier-priority"]).mergePolicy.name == "tier-priority")
        #expect(throws: (any Error).self) { try parse(document, ["--request-merge-policy", "random-robin"]) }
    }
}
