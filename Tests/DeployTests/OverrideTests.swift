import Testing

/// Each variable reaches what it is about: from the environment, else from `.env`, else by default.
struct OverrideTests {
    private func deploy(
        _ environment: [String: String] = [:], file: String? = nil, answers: [Answer] = []
    ) throws -> (folder: DeployFolder, ending: Ending) {
        let folder = try DeployFolder()
        if let file { try folder.write(file, to: ".env") }
        return (folder, try folder.make("deploy-ap-on-k8s", environment, answers: answers))
    }

    @Test
    func deploysWithARedisAndWithoutAGatewayByDefault() throws {
        let (folder, ending) = try deploy()
        defer { folder.end() }
        #expect(ending.status == 0, "\(ending.output)")
        let kustomization = folder.kustomized()
        #expect(kustomization.contains("resources: [../kubernetes/base]"))
        #expect(kustomization.contains("components: [../kubernetes/components/redis, ]"))
        #expect(kustomization.contains("newName: \"async-processor\", newTag: \"0.1.0\""))
        #expect(kustomization.contains("imagePullPolicy, value: IfNotPresent"))
        #expect(!kustomization.contains("count:"))
        #expect(folder.kustomized("stages.env") == "AP_MESSAGE_QUEUE_IMPL=redis-pubsub\n")
        #expect(
            ending.calls.filter { $0.description.hasPrefix("kubectl rollout") }.map {
                $0.arguments[3] + " " + $0.arguments[5]
            }
                == [
                    "statefulset/redis-master redis", "deployment/emit async-processor-system",
                    "deployment/retry async-processor-system", "deployment/dispatch async-processor-system",
                    "deployment/ingest async-processor-system",
                ])
    }

    /// The user guide's file, as it stands there, but for the place of a registry.
    @Test
    func takesTheFileOfTheUserGuide() throws {
        let file = """
            IMAGE_TAG_BASE=registry.example:5000/team/ap
            DEPLOY_LLM_D=false
            DEPLOY_REDIS=false
            DEPLOY_PROMETHEUS=false
            AP_IMAGE_PULL_POLICY=Always
            """
        let secret = Answer("kubectl get secret redis-url --namespace async-processor-system *", "secret/redis-url\n")
        let (folder, ending) = try deploy(file: file, answers: [secret])
        defer { folder.end() }
        #expect(ending.status == 0, "\(ending.output)")
        let kustomization = folder.kustomized()
        #expect(kustomization.contains("components: []"))
        #expect(kustomization.contains("newName: \"registry.example:5000/team/ap\""))
        #expect(kustomization.contains("imagePullPolicy, value: Always"))
        #expect(!kustomization.contains("secretGenerator"))
        #expect(!ending.called("kubectl rollout status statefulset/redis-master"))
    }

    @Test
    func putsTheEnvironmentOverTheFileAndTheFileOverTheDefault() throws {
        let file = "export IMAGE_TAG=2.0.0\nAP_CONCURRENCY=17\nexport AP_REQUEST_TIMEOUT='60'\n"
        let (folder, ending) = try deploy(["AP_CONCURRENCY": "99"], file: file)
        defer { folder.end() }
        #expect(ending.status == 0, "\(ending.output)")
        #expect(folder.kustomized().contains("newTag: \"2.0.0\""))
        #expect(
            folder.kustomized("stages.env")
                == """
                AP_CONCURRENCY=99
                AP_DRAIN_TIMEOUT=91
                AP_MESSAGE_QUEUE_IMPL=redis-pubsub
                AP_REQUEST_TIMEOUT=60

                """)
    }

    @Test(arguments: [
        ("IMAGE_TAG_BASE", "host/ap", "newName: \"host/ap\""),
        ("IMAGE_TAG", "v9", "newTag: \"v9\""),
        ("AP_IMAGE_PULL_POLICY", "Never", "imagePullPolicy, value: Never"),
        ("DEPLOY_REDIS", "true", "../kubernetes/components/redis"),
        ("DEPLOY_LLM_D", "true", "../kubernetes/components/emulated-gateway"),
        ("DEPLOY_PROMETHEUS", "true", "../kubernetes/components/prometheus"),
        ("NAMESPACE", "team-7", "namespace: team-7, behavior: merge"),
        ("INGEST_REPLICAS", "2", "{name: ingest, count: 2}"),
        ("DISPATCH_REPLICAS", "5", "{name: dispatch, count: 5}"),
        ("RETRY_REPLICAS", "3", "{name: retry, count: 3}"),
        ("EMIT_REPLICAS", "4", "{name: emit, count: 4}"),
        ("AP_DRAIN_TIMEOUT", "600", "terminationGracePeriodSeconds, value: 631"),
    ])
    func handsOn(name: String, value: String, line: String) throws {
        let (folder, ending) = try deploy(file: "\(name)=\(value)")
        defer { folder.end() }
        #expect(ending.status == 0, "\(ending.output)")
        #expect(folder.kustomized().contains(line), "\(folder.kustomized())")
        let (other, again) = try deploy([name: value], file: "\(name)='what the environment overrides'")
        defer { other.end() }
        #expect(again.status == 0, "\(again.output)")
        #expect(other.kustomized().contains(line), "\(other.kustomized())")
    }

    @Test
    func deploysToTheClusterOfTheContextThatIsNamed() throws {
        let (folder, ending) = try deploy(["KUBE_CONTEXT": "kind-async-processor"])
        defer { folder.end() }
        #expect(ending.output.contains("to cluster 'kind-async-processor' at https://10.0.0.1:6443"))
        #expect(!ending.changes.isEmpty)
        for call in ending.calls where !["config", "kustomize"].contains(call.arguments[1]) {
            #expect(call.context == "kind-async-processor", "\(call)")
        }
    }

    @Test
    func givesTheAddressOfARedisToTheStagesAsASecret() throws {
        let url = "redis://user:p#a$s@redis.example:6380"
        let (folder, ending) = try deploy(["DEPLOY_REDIS": "false"], file: "AP_REDIS_URL='\(url)'")
        defer { folder.end() }
        #expect(ending.status == 0, "\(ending.output)")
        #expect(folder.kustomized("url") == url)
        #expect(folder.kustomized().contains("{name: redis-url, namespace: async-processor-system, files: [url]}"))
        #expect(!folder.kustomized("stages.env").contains("AP_REDIS_URL"))
        #expect(!ending.output.contains("p#a"))
        #expect(!ending.calls.contains { $0.description.contains("p#a") })
    }

    @Test
    func takesTheManifestsOfPubSubWhereTheQueuesAreThere() throws {
        let file = """
            AP_MESSAGE_QUEUE_IMPL=gcp-pubsub
            AP_PUBSUB_PROJECT_ID=shop
            AP_PUBSUB_REQUEST_SUBSCRIBER_ID=requests
            AP_PUBSUB_RESULT_TOPIC_ID=results
            """
        let (folder, ending) = try deploy(file: file)
        defer { folder.end() }
        #expect(ending.status == 0, "\(ending.output)")
        #expect(folder.kustomized().contains("resources: [../kubernetes/overlays/pubsub]"))
        #expect(folder.kustomized().contains("components: []"))
        #expect(folder.kustomized("stages.env").contains("AP_PUBSUB_PROJECT_ID=shop\n"))
        #expect(ending.output.contains("docs/pubsub.md"))
    }

    /// A namespace of somebody else may have other rules for its pods.
    @Test
    func leavesNamespacesThatWereThereAsTheyAre() throws {
        let there = Answer("kubectl get namespace llm-d *", "namespace/llm-d\n")
        let (folder, ending) = try deploy(["DEPLOY_LLM_D": "true"], answers: [there])
        defer { folder.end() }
        #expect(ending.status == 0, "\(ending.output)")
        #expect(ending.output.contains("their labels stay as they are: namespace llm-d."))
        #expect(folder.kustomized().contains("target: {kind: Namespace, name: llm-d}"))
        #expect(!folder.kustomized().contains("target: {kind: Namespace, name: redis}"))
    }

    @Test
    func deploysAgainWhatItDeployed() throws {
        let folder = try DeployFolder()
        defer { folder.end() }
        let first = try folder.make("deploy-ap-on-k8s")
        let rendered = folder.kustomized()
        let ours = [
            Answer("kubectl get namespace *", "namespace/there\n"),
            Answer(
                "kubectl get namespaces --selector app.kubernetes.io/part-of=async-processor *", "namespace/there\n"),
        ]
        let second = try folder.make("deploy-ap-on-k8s", answers: ours)
        #expect(first.status == 0 && second.status == 0, "\(second.output)")
        #expect(folder.kustomized() == rendered)
        #expect(first.changes.map(\.arguments.count) == second.changes.map(\.arguments.count))
    }

    /// Names that the scripts use for themselves.
    @Test
    func takesNothingFromVariablesThatMeanSomethingElse() throws {
        let foreign = ["grace": "1, x: y", "image_id": "other", "one_namespace": "true", "default_replicas": "7"]
        let (folder, ending) = try deploy(foreign)
        defer { folder.end() }
        #expect(ending.status == 0, "\(ending.output)")
        let (usual, _) = try deploy()
        defer { usual.end() }
        #expect(folder.kustomized() == usual.kustomized())
    }
}
