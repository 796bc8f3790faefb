import Foundation
import Testing

/// It asks no cluster to render manifests.
private let realKubectl = ["/usr/local/bin/kubectl", "/usr/bin/kubectl"].first {
    FileManager.default.isExecutableFile(atPath: $0)
}

/// The overlays that the scripts write, rendered by a real kubectl where there is one.
@Suite(.enabled(if: realKubectl != nil, "there is no kubectl"))
struct RenderTests {
    /// The manifests that would be applied, split into objects.
    private func render(_ target: String, _ environment: [String: String]) throws -> [Substring] {
        let folder = try DeployFolder()
        defer { folder.end() }
        let real = ["REAL_KUBECTL": realKubectl ?? ""].merging(environment) { $1 }
        let ending = try folder.make(target, real)
        try #require(ending.called("kubectl apply"), "\(ending.output)")
        return folder.text("tools/input").split(separator: "\n---\n")
    }

    private func object(_ objects: [Substring], _ kind: String, _ name: String) throws -> Substring {
        try #require(
            objects.first { "\($0)\n".contains("kind: \(kind)\n") && $0.contains("\n  name: \(name)") },
            "\(kind) \(name)")
    }

    @Test
    func rendersWhatTheUserGuideDeploys() throws {
        let objects = try render("deploy-ap-emulated-on-kind", ["AP_CONCURRENCY": "77", "IMAGE_TAG_BASE": "host/ap"])
        for stage in ["ingest", "dispatch", "retry", "emit"] {
            let deployment = try object(objects, "Deployment", stage)
            #expect(deployment.contains("replicas: 1\n"))
            #expect(deployment.contains("image: host/ap:0.1.0\n"))
            #expect(deployment.contains("async-processor/image: sha256:1234"))
        }
        #expect(try object(objects, "ConfigMap", "async-processor").contains("AP_CONCURRENCY: \"77\""))
        #expect(try object(objects, "StatefulSet", "redis-master").contains("namespace: redis\n"))
        #expect(try object(objects, "Deployment", "inference-gateway").contains("image: host/ap:0.1.0\n"))
        for object in objects { #expect(object.contains("app.kubernetes.io/part-of: async-processor"), "\(object)") }
    }

    @Test
    func putsTheStagesIntoAnotherNamespaceEverywhere() throws {
        let objects = try render(
            "deploy-ap-on-k8s",
            ["NAMESPACE": "team-7", "DEPLOY_PROMETHEUS": "true", "DEPLOY_LLM_D": "true", "AP_DRAIN_TIMEOUT": "500"])
        #expect(!objects.contains { $0.contains("async-processor-system") })
        #expect(try object(objects, "Namespace", "team-7").contains("enforce: restricted"))
        #expect(try object(objects, "Deployment", "emit").contains("terminationGracePeriodSeconds: 531"))
        #expect(try object(objects, "Deployment", "prometheus").contains("namespace: monitoring"))
    }

    @Test
    func rollsTheStagesWhenTheAddressOfTheirRedisChanges() throws {
        let names = try ["redis://a:6390", "redis://b:6390"].map { url in
            let objects = try render("deploy-ap-on-k8s", ["DEPLOY_REDIS": "false", "AP_REDIS_URL": url])
            #expect(try object(objects, "NetworkPolicy", "queue").contains("port: 6390"))
            let emit = try object(objects, "Deployment", "emit")
            return String(try #require(emit.firstMatch(of: /name: (redis-url-\w+)/)?.1))
        }
        #expect(names[0] != names[1])
    }

    /// The test of a cluster leaves nothing, since all it makes is in its own namespace.
    @Test
    func keepsATestInItsOwnNamespace() throws {
        let folder = try DeployFolder()
        defer { folder.end() }
        let stop = Answer("kubectl rollout *", status: 1)
        _ = try folder.make("test-kubernetes", ["REAL_KUBECTL": realKubectl ?? ""], answers: [stop])
        let objects = folder.text("tools/input").split(separator: "\n---\n")
        #expect(objects.count > 25)
        for object in objects where !object.contains("kind: Namespace\n") {
            #expect(object.contains("\n  namespace: async-processor-test-"), "\(object)")
        }
        #expect(objects.count { $0.contains("kind: Namespace\n") } == 1)
        #expect(!objects.contains { $0.contains("metadata.name: redis") || $0.contains("metadata.name: llm-d") })
        #expect(!objects.contains { $0.contains("redis-master.redis") || $0.contains("inference-gateway.llm-d") })
    }
}
