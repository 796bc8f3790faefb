import Testing

/// With VALUES_FILE the chart deploys, with what the settings say over the file, and the file over the defaults.
struct ChartTests {
    private func helm(_ environment: [String: String], file: String = "") throws -> (ending: Ending, call: Call?) {
        let folder = try DeployFolder()
        defer { folder.end() }
        try folder.write(file, to: "values.yaml")
        let ending = try folder.make("deploy-ap-on-k8s", environment.merging(["VALUES_FILE": "values.yaml"]) { $1 })
        return (ending, ending.calls.first { $0.description.hasPrefix("helm upgrade") })
    }

    @Test
    func installsOrUpgradesTheChart() throws {
        let (ending, call) = try helm([:])
        #expect(ending.status == 0, "\(ending.output)")
        let text = try #require(call).description
        #expect(text.hasPrefix("helm upgrade async-processor deploy/helm/async-processor --install"))
        #expect(text.contains("--kube-context production --namespace async-processor-system --create-namespace"))
        #expect(text.hasSuffix("--values values.yaml --wait --timeout 300s"))
        #expect(!text.contains("--set"))
        #expect(!ending.called("kubectl apply") && !ending.called("kubectl kustomize"))
        #expect(ending.output.contains("\nReady. Wait for the result"))
    }

    @Test
    func givesItsDefaultsUnderTheFileAndWhatIsSetOverIt() throws {
        let call = try #require(
            try helm([
                "IMAGE_TAG": "2.0.0", "DISPATCH_REPLICAS": "3", "AP_CONCURRENCY": "64", "AP_BACKOFF_MAX": "120",
                "AP_PROMETHEUS_URL": "http://prometheus.monitoring:9090", "AP_PROMETHEUS_CACHE_TTL": "10",
                "AP_REDIS_INFERENCE_GATEWAY": "https://gateway.example/v2/completions", "DEPLOY_PROMETHEUS": "true",
            ]).call)
        let words = call.arguments
        for value in [
            "ap.image.tag=\"2.0.0\"", "ap.dispatch.replicas=3", "ap.concurrency=64",
            "ap.settings.AP_BACKOFF_MAX=\"120\"",
            "ap.prometheusURL=\"http://prometheus.monitoring:9090\"", "ap.prometheusCacheTTL=\"10\"",
            "ap.igwBaseURL=\"https://gateway.example\"", "ap.redis.requestPathURL=\"/v2/completions\"",
            "prometheus.enabled=true", "ap.networkPolicy.gateway=[{\"ports\":[{\"port\":443,\"protocol\":\"TCP\"}]}]",
        ] {
            let place = try #require(words.firstIndex(of: value), "\(value) in \(words)")
            #expect(words[place - 1] == "--set-json")
        }
        let below = words.indices.filter { words[$0] == "--values" }.map { words[$0 + 1] }
        #expect(below.last == "values.yaml")
        #expect(below.contains { $0.hasSuffix("/DEPLOY_REDIS.yaml") })
    }

    @Test
    func keepsTheAddressOfARedisOutOfTheArguments() throws {
        let (ending, call) = try helm(["DEPLOY_REDIS": "false", "AP_REDIS_URL": "redis://user:secret@host"])
        #expect(ending.status == 0, "\(ending.output)")
        #expect(call?.description.contains("--set-file ap.redis.url=") == true)
        #expect(!ending.calls.contains { $0.description.contains("secret") && !$0.description.contains("can-i") })
    }

    @Test
    func explainsWhatIsNotReady() throws {
        let folder = try DeployFolder()
        defer { folder.end() }
        let late = Answer("helm upgrade *", status: 1, "Error: context deadline exceeded\n")
        let ending = try folder.make(
            "deploy-ap-on-k8s", ["VALUES_FILE": "Makefile", "DEPLOY_TIMEOUT": "5"], answers: [late])
        #expect(ending.status != 0)
        #expect(ending.output.contains("context deadline exceeded"))
        #expect(ending.output.contains("--- Pods in namespace redis"))
        #expect(ending.output.contains("could not be installed within 5 s"))
    }

    @Test
    func removesWhatTheChartMade() throws {
        let folder = try DeployFolder()
        defer { folder.end() }
        let release = Answer("kubectl get secrets *owner=helm,name=async-processor*", "secret/sh.helm.release\n")
        let ending = try folder.make("undeploy-ap-on-k8s", answers: [release])
        #expect(ending.status == 0, "\(ending.output)")
        #expect(ending.called("helm uninstall async-processor --kube-context production"))
        #expect(try !folder.make("undeploy-ap-on-k8s").called("helm"))
    }
}
