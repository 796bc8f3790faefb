import Testing

/// What was deployed is removed, and nothing else.
struct UndeployTests {
    private static let target = "undeploy-ap-on-k8s"
    private static let there = Answer("kubectl get namespace *", "namespace/there\n")
    private static let ours = Answer(
        "kubectl get namespaces --selector app.kubernetes.io/part-of=async-processor *", "namespace/there\n")

    @Test
    func removesByItsLabelAndKeepsTheData() throws {
        let folder = try DeployFolder()
        defer { folder.end() }
        let ending = try folder.make(Self.target, answers: [Self.there, Self.ours])
        #expect(ending.status == 0, "\(ending.output)")
        #expect(ending.output.contains("from cluster 'production' at https://10.0.0.1:6443"))
        #expect(!ending.changes.isEmpty)
        for call in ending.changes {
            #expect(call.arguments.contains("app.kubernetes.io/part-of=async-processor"), "\(call)")
            #expect(!call.description.contains("persistentvolumeclaims") && !call.description.contains("namespaces "))
        }
        let places = Set(
            ending.changes.compactMap { call in
                call.arguments.firstIndex(of: "--namespace").map { call.arguments[$0 + 1] }
            })
        #expect(places == ["async-processor-system", "redis", "llm-d", "monitoring"])
        #expect(ending.output.contains("The namespaces async-processor-system redis llm-d monitoring stay"))
    }

    /// A cluster without KEDA and Prometheus's operator does not know their kinds, and refuses to delete them.
    @Test
    func asksOnlyForKindsThatTheClusterKnows() throws {
        let folder = try DeployFolder()
        defer { folder.end() }
        let ending = try folder.make(Self.target, answers: [Self.there])
        let kinds = Set(ending.changes.filter { $0.arguments.contains("--namespace") }.map { $0.arguments[2] })
        #expect(kinds == ["deployments.apps", "services,configmaps,secrets"])
        let silent = try folder.make(Self.target, answers: [Self.there, Answer("kubectl api-resources *", status: 1)])
        #expect(silent.status != 0 && silent.changes.isEmpty)
    }

    @Test
    func waitsForPodsBeforeItRemovesWhatTheyNeed() throws {
        let folder = try DeployFolder()
        defer { folder.end() }
        let ending = try folder.make(Self.target, answers: [Self.there])
        let first = try #require(ending.changes.first)
        #expect(first.description.hasPrefix("kubectl delete deployments.apps --selector"))
        #expect(first.description.contains("--namespace async-processor-system"))
        #expect(first.description.hasSuffix("--cascade=foreground"))
    }

    @Test
    func deletesNamespacesThatItMadeWhereItIsTold() throws {
        let folder = try DeployFolder()
        defer { folder.end() }
        let foreign = Answer("kubectl get namespaces *--field-selector metadata.name=llm-d *", "")
        let ending = try folder.make(
            Self.target, ["DELETE_NAMESPACES": "true", "NAMESPACE": "team-7"],
            answers: [foreign, Self.there, Self.ours])
        #expect(ending.status == 0, "\(ending.output)")
        #expect(ending.changes.last?.description == "kubectl delete namespaces team-7 redis monitoring --timeout 420s")
    }

    @Test
    func leavesTheRedisOfOtherStages() throws {
        let folder = try DeployFolder()
        defer { folder.end() }
        let others = Answer("kubectl get deployments --all-namespaces *", "async-processor-system\nteam-8\n")
        let ending = try folder.make(
            Self.target, ["DELETE_NAMESPACES": "true"], answers: [others, Self.there, Self.ours])
        #expect(ending.output.contains("there are stages in team-8 as well"))
        #expect(ending.changes.last?.description == "kubectl delete namespaces async-processor-system --timeout 420s")
        #expect(!ending.changes.contains { $0.arguments.contains("redis") })
    }

    @Test
    func findsNothingTheSecondTime() throws {
        let folder = try DeployFolder()
        defer { folder.end() }
        let ending = try folder.make(Self.target)
        #expect(ending.status == 0, "\(ending.output)")
        #expect(ending.output.hasSuffix("Removed.\n"))
    }
}
