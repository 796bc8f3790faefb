import Testing

/// The cluster on this machine: made if there is none, with the image on it, and deleted again if it was made here.
struct KindTests {
    private static let deploy = "deploy-ap-emulated-on-kind"
    private static let undeploy = "undeploy-ap-emulated-on-kind"
    private static let there = Answer("kind get clusters", "other\nasync-processor\n")

    @Test
    func makesTheClusterLoadsTheImageAndDeploysEverything() throws {
        let folder = try DeployFolder()
        defer { folder.end() }
        let ending = try folder.make(Self.deploy)
        #expect(ending.status == 0, "\(ending.output)")
        let changes = ending.changes.map(\.description)
        #expect(changes.count == 3, "\(changes)")
        #expect(changes.first == "kind create cluster --name async-processor --wait 120s --config -")
        #expect(changes.dropFirst().first == "kind load docker-image async-processor:0.1.0 --name async-processor")
        #expect(changes.last?.hasPrefix("kubectl apply --filename ") == true)
        #expect(
            folder.kustomized().contains(
                "[../kubernetes/components/redis, ../kubernetes/components/emulated-gateway, ]"))
        for stage in ["ingest", "dispatch", "retry", "emit"] {
            #expect(folder.kustomized().contains("{name: \(stage), count: 1}"))
        }
        #expect(folder.kustomized().contains("async-processor/image: \"sha256:1234\""))
        #expect(ending.called("kubectl rollout status deployment/inference-gateway --namespace llm-d"))
        for call in ending.calls where call.context != nil { #expect(call.context == "kind-async-processor") }
    }

    @Test
    func marksTheNodeOfAClusterThatItMakes() throws {
        let folder = try DeployFolder()
        defer { folder.end() }
        let stop = Answer("kind create *", status: 1)
        #expect(try folder.make(Self.deploy, answers: [stop]).status != 0)
        #expect(folder.text("tools/input").contains("\n    labels:\n      async-processor/made-by: deploy-on-kind\n"))
    }

    /// The user guide's two commands, word for word.
    @Test
    func endsWithTheCommandsOfTheUserGuide() throws {
        let folder = try DeployFolder()
        defer { folder.end() }
        let current = Answer("kubectl config current-context", "kind-async-processor\n")
        let output = try folder.make(Self.deploy, answers: [current]).output
        #expect(output.contains("\n    kubectl exec -n redis redis-master-0 -- redis-cli SUBSCRIBE result-queue\n"))
        #expect(
            output.contains(
                """
                    kubectl exec -n redis redis-master-0 -- redis-cli PUBLISH request-queue '{"id" : "testmsg", \
                "payload":{ "model":"unsloth/Meta-Llama-3.1-8B", "prompt":"hi"}, "deadline" :"9999999999" }'
                """))
    }

    @Test
    func usesAClusterThatIsThere() throws {
        let folder = try DeployFolder()
        defer { folder.end() }
        let ending = try folder.make(Self.deploy, ["CREATE_CLUSTER": "false"], answers: [Self.there])
        #expect(ending.status == 0, "\(ending.output)")
        #expect(!ending.called("kind create"))
        let forgotten = Answer("kubectl config get-contexts *", "production\n")
        let again = try folder.make(Self.deploy, answers: [Self.there, forgotten])
        #expect(again.called("kind export kubeconfig --name async-processor"))
    }

    @Test
    func takesAnotherNameForTheCluster() throws {
        let folder = try DeployFolder()
        defer { folder.end() }
        let known = Answer("kubectl config get-contexts *", "kind-mine\n")
        let ending = try folder.make(Self.deploy, ["CLUSTER_NAME": "mine"], answers: [known])
        #expect(ending.status == 0, "\(ending.output)")
        #expect(ending.called("kind create cluster --name mine "))
        #expect(ending.called("kind load docker-image async-processor:0.1.0 --name mine"))
        #expect(ending.changes.last?.context == "kind-mine")
    }

    @Test
    func deploysWithoutRedisAndGatewayWhereItIsTold() throws {
        let folder = try DeployFolder()
        defer { folder.end() }
        let ending = try folder.make(
            Self.deploy, ["DEPLOY_REDIS": "false", "DEPLOY_LLM_D": "false", "AP_REDIS_URL": "redis://host"])
        #expect(ending.status == 0, "\(ending.output)")
        #expect(folder.kustomized().contains("components: []"))
        #expect(ending.output.contains("There is no gateway yet") == false)
    }

    @Test
    func pullsAnImageOfARegistryThatIsNotHereAndBuildsOurs() throws {
        let folder = try DeployFolder()
        defer { folder.end() }
        let missing = Answer("docker image inspect [!-]*", status: 1)
        let pulled = try folder.make(Self.deploy, ["IMAGE_TAG_BASE": "host/ap"], answers: [missing])
        #expect(pulled.status == 0, "\(pulled.output)")
        #expect(pulled.called("docker pull host/ap:0.1.0"))
        #expect(pulled.called("kind load docker-image host/ap:0.1.0"))
        try folder.write("image:\n\t@echo would build\n\(folder.text("Makefile"))", to: "Makefile")
        let built = try folder.make(Self.deploy, answers: [missing])
        #expect(!built.called("docker pull"))
        #expect(built.output.contains("Building the image async-processor:0.1.0."))
    }

    @Test
    func leavesItToTheNodesToPullWhereThatIsTheRule() throws {
        let folder = try DeployFolder()
        defer { folder.end() }
        let always = ["AP_IMAGE_PULL_POLICY": "Always"]
        let refused = try folder.make(Self.deploy, always)
        #expect(refused.status != 0)
        #expect(refused.output.contains("'async-processor:0.1.0' is in no registry"))
        #expect(!refused.called("kubectl apply"))
        let pulled = try folder.make(Self.deploy, always.merging(["IMAGE_TAG_BASE": "host/ap"]) { $1 })
        #expect(pulled.status == 0, "\(pulled.output)")
        #expect(!pulled.called("kind load"))
    }

    @Test
    func deletesTheClusterThatItMadeAndNoOther() throws {
        let folder = try DeployFolder()
        defer { folder.end() }
        let mark = Answer(
            "kubectl get nodes --selector async-processor/made-by=deploy-on-kind *", "node/control-plane\n")
        let made = try folder.make(Self.undeploy, answers: [Self.there, mark])
        #expect(made.status == 0, "\(made.output)")
        #expect(made.changes.map(\.description) == ["kind delete cluster --name async-processor"])
        let found = try folder.make(Self.undeploy, answers: [Self.there])
        #expect(found.status == 0, "\(found.output)")
        #expect(!found.called("kind delete"))
        #expect(found.output.contains("The cluster stays, since it was not made here"))
        let gone = try folder.make(Self.undeploy)
        #expect(gone.status == 0 && gone.changes.isEmpty)
        #expect(gone.output.contains("There is no kind cluster 'async-processor'"))
    }
}
