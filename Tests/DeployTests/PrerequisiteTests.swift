import Testing

/// What is missing is said before anything is changed, with what cures it.
struct PrerequisiteTests {
    struct Lack: Sendable, CustomStringConvertible {
        var target = "deploy-ap-on-k8s"
        var tool: String?
        var environment: [String: String] = [:]
        var call: String?
        var answer = ""
        var status = 1
        let says: [String]
        var description: String { "\(target): \(says.first ?? "")" }
    }

    static let onKind = "deploy-ap-emulated-on-kind"
    static let lacks = [
        Lack(tool: "kubectl", says: ["no 'kubectl' on PATH", "https://kubernetes.io/docs/tasks/tools/"]),
        Lack(target: onKind, tool: "kubectl", says: ["no 'kubectl' on PATH"]),
        Lack(target: onKind, tool: "kind", says: ["no 'kind' on PATH", "https://kind.sigs.k8s.io"]),
        Lack(target: onKind, tool: "docker", says: ["no 'docker' on PATH", "https://docs.docker.com"]),
        Lack(target: "undeploy-ap-on-k8s", tool: "kubectl", says: ["no 'kubectl' on PATH"]),
        Lack(target: "undeploy-ap-emulated-on-kind", tool: "kind", says: ["no 'kind' on PATH"]),
        Lack(tool: "helm", environment: ["VALUES_FILE": "Makefile"], says: ["no 'helm' on PATH"]),
        Lack(environment: ["VALUES_FILE": "none.yaml"], says: ["no readable file 'none.yaml'"]),
        Lack(
            call: "kubectl config current-context",
            says: ["no current context", "KUBE_CONTEXT", "Known are: production, kind-async-processor\n"]),
        Lack(
            environment: ["KUBE_CONTEXT": "staging"],
            says: ["knows no context 'staging'", "it knows: production, kind-async-processor\n"]),
        Lack(
            call: "kubectl get --raw /version *", answer: "connection refused\n",
            says: ["the cluster of context 'production' at https://10.0.0.1:6443 does not answer: connection refused"]),
        Lack(
            call: "kubectl auth can-i create deployments.apps *", answer: "no\n",
            says: ["may not create deployments.apps in namespace 'async-processor-system' of 'production'"]),
        Lack(
            call: "kubectl auth can-i create secrets *", answer: "no\n", status: 1, says: ["may not create secrets"]),
        Lack(
            environment: ["DEPLOY_REDIS": "false"], call: "kubectl get secret redis-url *",
            says: ["nothing says where Redis is: set AP_REDIS_URL", "kubectl create secret generic redis-url"]),
        Lack(
            environment: ["AP_MESSAGE_QUEUE_IMPL": "gcp-pubsub", "AP_PUBSUB_PROJECT_ID": "shop"],
            says: ["AP_PUBSUB_REQUEST_SUBSCRIBER_ID is not set"]),
        Lack(
            target: onKind, call: "docker info *", answer: "Cannot connect to the Docker daemon",
            says: ["Docker's engine does not answer", "Cannot connect to the Docker daemon"]),
        Lack(
            target: onKind, environment: ["CREATE_CLUSTER": "false"],
            says: ["no kind cluster 'async-processor', and CREATE_CLUSTER is false"]),
        Lack(target: onKind, call: "kind create *", says: ["kind could not make the cluster 'async-processor'"]),
        Lack(
            target: onKind, environment: ["KUBE_CONTEXT": "production"],
            says: ["kind's cluster 'async-processor' is 'kind-async-processor'"]),
    ]

    @Test(arguments: lacks)
    func saysWhatIsMissing(lack: Lack) throws {
        let folder = try DeployFolder()
        defer { folder.end() }
        if let tool = lack.tool { try folder.tools.remove(tool) }
        let answers = lack.call.map { [Answer($0, status: lack.status, lack.answer)] } ?? []
        let ending = try folder.make(lack.target, lack.environment, answers: answers)
        #expect(ending.status != 0)
        for words in lack.says { #expect(ending.output.contains(words), "\(ending.output)") }
        #expect(!ending.changes.contains { $0.arguments[0] == "kubectl" }, "\(ending.changes)")
        #expect(!ending.output.contains("unbound variable"))
    }

    @Test(arguments: [
        ("IMAGE_TAG_BASE", "ap:1.0", "it is the name without a tag"), ("IMAGE_TAG", "a b", "that is no tag"),
        ("AP_IMAGE_PULL_POLICY", "always", "it can be Always, IfNotPresent or Never"),
        ("DEPLOY_REDIS", "yes", "it can be true or false"), ("DEPLOY_LLM_D", "1", "it can be true or false"),
        ("DEPLOY_PROMETHEUS", "on", "it can be true or false"), ("NAMESPACE", "Team_7", "a name of small letters"),
        ("INGEST_REPLICAS", "0", "a number from 1 on"), ("EMIT_REPLICAS", "two", "a number from 1 on"),
        ("AP_MESSAGE_QUEUE_IMPL", "kafka", "redis-pubsub, redis-sortedset or gcp-pubsub"),
        ("AP_MESSAGE_QUEUE_IMPL", "sqlite", "cannot share it"), ("AP_REDIS_URL", "redis://h", "set DEPLOY_REDIS=false"),
        ("AP_REDIS_ADDR", "h:6379", "set DEPLOY_REDIS=false"), ("AP_LISTEN", "tcp://0.0.0.0:1", "take it out of .env"),
        ("AP_REQUEST_TIMEOUT", "5m", "a number of seconds"), ("DEPLOY_TIMEOUT", "5m", "a number from 1 on"),
        ("AP_CONCURRENCY", "eight", "a number from 1 on"), ("AP_CONCURRENCY", "0", "a number from 1 on"),
        ("AP_REDIS_INFERENCE_GATEWAY", "gateway:80/v1", "is no http://"),
        ("AP_PUBSUB_INFERENCE_GATEWAY_2", "http://gate way/v1", "is no http://"),
    ])
    func refusesWhatMakesNoSense(name: String, value: String, reason: String) throws {
        let folder = try DeployFolder()
        defer { folder.end() }
        let ending = try folder.make("deploy-ap-on-k8s", [name: value])
        #expect(ending.status != 0)
        #expect(ending.output.contains("\(name) ") && ending.output.contains(reason), "\(ending.output)")
        #expect(ending.calls.isEmpty)
    }

    /// Before anything is deployed, and without the password.
    @Test(arguments: ["rediss://:secret@redis.example:6379", "redis.example:6379", "https://:secret@redis.example"])
    func refusesARedisThatStagesCannotSpeakTo(url: String) throws {
        let folder = try DeployFolder()
        defer { folder.end() }
        let ending = try folder.make("deploy-ap-on-k8s", ["DEPLOY_REDIS": "false", "AP_REDIS_URL": url])
        #expect(ending.status != 0)
        #expect(ending.output.contains("AP_REDIS_URL is no redis://"), "\(ending.output)")
        #expect(!ending.output.contains("secret"))
        #expect(ending.calls.isEmpty)
    }
}
