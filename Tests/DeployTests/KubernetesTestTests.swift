import Testing

/// `make test-kubernetes`, with tools that only pretend: what it does to a cluster, and how it judges what it counts.
struct KubernetesTestTests {
    /// A Redis that has these results, one a line, after 28 requests in portions of two.
    private static func redis(_ results: [Int], dead: Int = 0) -> [Answer] {
        let lines = results.map { "{\"id\": \"r-\($0)\", \"status_code\": 200, \"payload\": \"\"}\n" }
        return [
            Answer("kubectl exec *SUBSCRIBE*", "subscribe\nresult-queue\n1\nmessage\n{\"id\": \"testmsg\"}\n"),
            Answer("kubectl exec *LLEN result-list", "\(results.count)\n"),
            Answer("kubectl exec *LLEN request-sortedset:dead-letter", "\(dead)\n"),
            Answer("kubectl exec *LRANGE*", lines.joined()),
            Answer("kubectl exec *--stdin*", "1\n1\n"),
            Answer("kubectl exec *apctl health*", status: 1),
            Answer("kubectl get pods *go-template*", "some-pod\nanother\n"),
            Answer("kubectl get networkpolicies *", "{\"items\": [{\"spec\": {\"podSelector\": {}}}]}"),
        ]
    }

    private func run(_ answers: [Answer]) throws -> Ending {
        let folder = try DeployFolder()
        defer { folder.end() }
        return try folder.make("test-kubernetes", ["REQUESTS": "28"], answers: answers)
    }

    @Test(.timeLimit(.minutes(3)))
    func breaksEverythingThatAClusterBreaksAndRemovesAll() throws {
        let ending = try run(Self.redis(Array(1...28)))
        #expect(ending.status == 0, "\(ending.output)")
        #expect(ending.output.contains("28 requests, 28 results of 28 ids; by status: 200 28"))
        #expect(ending.output.contains("Every request has exactly one result."))
        let calls = ending.calls.map(\.description)
        func count(_ start: String) -> Int { calls.count { $0.hasPrefix(start) } }
        for stage in ["ingest", "dispatch", "retry", "emit"] {
            #expect(count("kubectl rollout restart deployment/\(stage)") == 1)
        }
        #expect(
            calls.filter { $0.hasPrefix("kubectl scale") }.map {
                $0.split(separator: " ")[2...4].joined(separator: " ")
            } == [
                "deployment/dispatch --replicas 3", "deployment/dispatch --replicas 1",
                "deployment/ingest --replicas 2",
                "deployment/ingest --replicas 1",
            ])
        #expect(
            calls.count { $0.hasPrefix("kubectl delete pod some-pod") && $0.contains("--grace-period 0 --force") } == 4)
        #expect(calls.contains { $0.hasPrefix("kubectl create --raw") && $0.contains("/pods/some-pod/eviction") })
        #expect(calls.contains { $0.hasPrefix("kubectl label pod some-pod async-processor/cut=yes") })
        #expect(calls.contains { $0.hasPrefix("kubectl label pod some-pod async-processor/cut- ") })
        #expect(count("kubectl exec --namespace async-processor-test-") > 28)
        #expect(calls.last?.hasPrefix("kubectl delete namespace async-processor-test-") == true)
        // Nothing outside of its own namespace.
        for call in ending.changes where call.arguments[1] != "apply" {
            #expect(call.description.contains("async-processor-test-"), "\(call)")
        }
    }

    struct Outcome: Sendable, CustomStringConvertible {
        let results: [Int]
        var dead = 0
        let says: String
        var description: String { says }
    }

    @Test(
        .timeLimit(.minutes(3)),
        arguments: [
            Outcome(results: Array(1...27) + [27], says: "Missing 1, more than once 1, of nobody 0, dead letters 0"),
            Outcome(results: Array(1...28) + [99], says: "Missing 0, more than once 0, of nobody 1, dead letters 0"),
            Outcome(results: Array(1...28), dead: 1, says: "Missing 0, more than once 0, of nobody 0, dead letters 1"),
        ])
    func failsWhenNotEveryRequestHasExactlyOneResult(outcome: Outcome) throws {
        let ending = try run(Self.redis(outcome.results, dead: outcome.dead))
        #expect(ending.status != 0)
        #expect(ending.output.contains(outcome.says), "\(ending.output)")
        #expect(ending.output.contains("not every request has exactly one result"))
        #expect(ending.called("kubectl delete namespace async-processor-test-"))
    }

    /// A person's settings are for another deployment: the test takes the image from them, and no queue.
    @Test(.timeLimit(.minutes(3)))
    func takesOnlyTheImageFromAPersonsSettings() throws {
        let folder = try DeployFolder()
        defer { folder.end() }
        try folder.write(
            "IMAGE_TAG_BASE=host/ap\nDEPLOY_REDIS=false\nAP_REDIS_URL=redis://production\nAP_CONCURRENCY=9\n",
            to: ".env")
        let refused = Answer("kubectl apply *", status: 1, "no\n")
        let ending = try folder.make("test-kubernetes", answers: [refused])
        #expect(ending.status != 0)
        #expect(folder.kustomized().contains("newName: \"host/ap\""))
        #expect(folder.kustomized().contains("components/redis"))
        #expect(folder.kustomized("stages.env").contains("AP_CONCURRENCY=4\n"))
        #expect(!folder.kustomized("stages.env").contains("production"))
        #expect(ending.calls.last?.description.hasPrefix("kubectl delete namespace async-processor-test-") == true)
    }
}
