import Foundation
import Testing

/// What the settings name is let through the network policies, which know the namespace llm-d and the port 6379 only.
struct PolicyTests {
    @Test(arguments: [
        ("http://gateway.models/v1", "{\"kubernetes.io/metadata.name\":\"models\"}"),
        ("http://gateway.models.svc:8000/v1", "{\"kubernetes.io/metadata.name\":\"models\"}"),
        ("http://gateway.models.svc.cluster.local./v1", "{\"kubernetes.io/metadata.name\":\"models\"}"),
        ("http://gateway/v1", "{\"kubernetes.io/metadata.name\":\"async-processor-system\"}"),
        ("http://example.com/v1", "{\"port\":80,"), ("https://example.com/v1", "{\"port\":443,"),
        ("https://user:pass@api.example.com:8443/v1", "{\"port\":8443,"),
        ("http://10.1.2.3:30080/v1", "{\"port\":30080,"),
        ("http://[fd00::1]:9000/v1", "{\"port\":9000,"),
    ])
    func opensTheWayToAGateway(url: String, rule: String) throws {
        let folder = try DeployFolder()
        defer { folder.end() }
        let models = Answer("kubectl get namespace models *", "namespace/models\n")
        let ending = try folder.make("deploy-ap-on-k8s", ["AP_REDIS_INFERENCE_GATEWAY_2": url], answers: [models])
        #expect(ending.status == 0, "\(ending.output)")
        let kustomization = folder.kustomized()
        #expect(kustomization.contains("target: {kind: NetworkPolicy, name: gateway}"))
        #expect(kustomization.contains(rule), "\(kustomization)")
    }

    @Test(arguments: [
        ("redis://host", nil), ("redis://user:1234@host:6379/0", nil), ("redis://user:1234@host:6390/0", 6390),
        ("redis://[fd00::1]:7000", 7000),
    ])
    func opensTheWayToARedisAtAnotherPort(url: String, port: Int?) throws {
        let folder = try DeployFolder()
        defer { folder.end() }
        for (name, value) in [("AP_REDIS_URL", url), ("UNUSED", "")] {
            // By the setting, and by a Secret that a person has made (base64 of the same).
            let encoded = Data(url.utf8).base64EncodedString()
            let secret = Answer("kubectl get secret redis-url *", encoded)
            let ending = try folder.make(
                "deploy-ap-on-k8s", ["DEPLOY_REDIS": "false", name: value], answers: [secret])
            #expect(ending.status == 0, "\(ending.output)")
            #expect(folder.kustomized().contains("name: queue}") == (port != nil))
            if let port { #expect(folder.kustomized().contains("{\"port\":\(port),")) }
        }
    }
}
