import Testing

/// What is not ready in time is explained: pods, warnings of the cluster, last lines of the logs.
struct WaitingTests {
    private static let late = [
        Answer("kubectl rollout status deployment/dispatch *", status: 1, "error: timed out waiting\n"),
        Answer(
            "kubectl get pods --namespace async-processor-system --output wide", "dispatch-1 0/1 ImagePullBackOff\n"),
        Answer(
            "kubectl get pods --namespace async-processor-system --output jsonpath*",
            "emit-1 Running True\ndispatch-1 Pending False\nold-1 Succeeded False\n"),
        Answer("kubectl get events --namespace async-processor-system *", "dispatch-1 Failed no such image\n"),
        Answer("kubectl logs dispatch-1 *--previous*", "what it said before it died\n"),
        Answer("kubectl logs dispatch-1 *", "The queue does not answer\n"),
    ]

    @Test
    func saysWhyAStageIsNotReadyInTime() throws {
        let folder = try DeployFolder()
        defer { folder.end() }
        let ending = try folder.make("deploy-ap-on-k8s", ["DEPLOY_TIMEOUT": "7"], answers: Self.late)
        #expect(ending.status != 0)
        for words in [
            "dispatch-1 0/1 ImagePullBackOff", "dispatch-1 Failed no such image", "The queue does not answer",
            "and before it was started again\nwhat it said before it died",
            "deployment/dispatch in namespace async-processor-system was not ready within 7 s (DEPLOY_TIMEOUT)",
        ] {
            #expect(ending.output.contains(words), "\(ending.output)")
        }
        #expect(!ending.called("kubectl logs emit-1") && !ending.called("kubectl logs old-1"))
        #expect(!ending.output.contains("Ready."))
        #expect(!ending.called("kubectl rollout status deployment/ingest"))
    }

    /// All workloads together have one limit: what is left of it goes to the next.
    @Test
    func waitsWithOneLimitForAll() throws {
        let folder = try DeployFolder()
        defer { folder.end() }
        let ending = try folder.make("deploy-ap-on-k8s", ["DEPLOY_TIMEOUT": "9"])
        let limits = ending.calls.filter { $0.description.hasPrefix("kubectl rollout status") }
            .compactMap { $0.arguments.last.flatMap { Int($0.dropLast()) } }
        #expect(limits.count == 5)
        #expect(limits.allSatisfy { (1...9).contains($0) } && limits == limits.sorted(by: >))
    }

    @Test
    func saysThatTheClusterRefusedTheManifests() throws {
        let folder = try DeployFolder()
        defer { folder.end() }
        let refusal = Answer("kubectl apply *", status: 1, "admission webhook denied the request\n")
        let ending = try folder.make("deploy-ap-on-k8s", answers: [refusal])
        #expect(ending.status != 0)
        #expect(ending.output.contains("denied the request"))
        #expect(ending.output.contains("the cluster refused a part of the manifests"))
        #expect(!ending.called("kubectl rollout"))
    }

    @Test
    func saysThatThereIsNoGatewayYet() throws {
        let folder = try DeployFolder()
        defer { folder.end() }
        let none = Answer("kubectl get service inference-gateway *", status: 1)
        #expect(try folder.make("deploy-ap-on-k8s", answers: [none]).output.contains("There is no gateway yet"))
        let named = ["AP_REDIS_INFERENCE_GATEWAY": "http://gateway/v1/completions"]
        let ending = try folder.make("deploy-ap-on-k8s", named, answers: [none])
        #expect(!ending.output.contains("There is no gateway yet"))
    }

    /// The user guide's two commands for any cluster, and where REDIS_IP comes from.
    @Test
    func endsWithTheCommandsOfTheUserGuide() throws {
        let folder = try DeployFolder()
        defer { folder.end() }
        let output = try folder.make("deploy-ap-on-k8s").output
        #expect(output.contains("\n    export REDIS_IP=10.0.0.7\n"))
        #expect(
            output.contains(
                """
                    kubectl run -i -t subscriberbox --rm --image=redis --restart=Never -- /usr/local/bin/redis-cli \
                -h $REDIS_IP SUBSCRIBE result-queue\n
                """))
        #expect(
            output.contains(
                """
                    kubectl run --rm -i -t publishmsgbox --image=redis --restart=Never -- /usr/local/bin/redis-cli \
                -h $REDIS_IP PUBLISH request-queue '{"id" : "testmsg", "payload":{ "model":"food-review-1", \
                "prompt":"Hi, good morning "}, "deadline" :"23472348233323" }'\n
                """))
        let other = try folder.make("deploy-ap-on-k8s", ["KUBE_CONTEXT": "kind-async-processor"]).output
        #expect(other.contains("    kubectl --context kind-async-processor run -i -t subscriberbox"))
        let list = try folder.make("deploy-ap-on-k8s", ["AP_MESSAGE_QUEUE_IMPL": "redis-sortedset"]).output
        #expect(list.contains("-h $REDIS_IP BRPOP result-list 60"))
        #expect(list.contains("-h $REDIS_IP ZADD request-sortedset 9999999999 '{"))
    }
}
