import GateRules
import Loop
import TestServers
import Testing

@PipelineActor
struct PrometheusTests {
    private static let page = """
        llm_d_epp_flow_control_pool_saturation{inference_pool="p",namespace="n"} 0.3
        llm_d_epp_flow_control_pool_saturation{inference_pool="q"} 0.9
        free 0.5
        nothing NaN

        """

    @Test(.timeLimit(.minutes(2)))
    func followsTheSaturationOfAPoolAndFailsOpenAsItsFallbackSays() async throws {
        let exporter = try await Exporter(Self.page)
        let prometheus = try await PrometheusServer(target: exporter.port)
        let bench = try Bench(
            .saturation(PrometheusSaturationSettings(pool: "p")), prometheus: "\(prometheus.url)/")
        try await bench.expect(.open)
        #expect(bench.state.cap == 32)
        let old = "inference_extension_flow_control_pool_saturation"
        exporter.show("\(old){inference_pool=\"p\"} 0.75\n")
        try await eventually("the old name") { bench.state.cap == 3 }
        exporter.show("\(old){inference_pool=\"p\"} 0.8\n")
        try await bench.expect(.closed, "nothing starts at 0.2 or less")
        exporter.show("\(old){inference_pool=\"q\"} 0.1\n")
        try await bench.expect(.inert, "Prometheus has no sample for the pool's saturation")
        #expect(!bench.state.isClosed && bench.state.cap == nil)
        exporter.show(Self.page)
        try await bench.expect(.open)
        prometheus.freeze()
        try await bench.expect(.inert, "timed out")
        prometheus.thaw()
        try await bench.expect(.open)
        prometheus.kill()
        try await bench.expect(.inert, "POST \(prometheus.url)/api/v1/query")
        try await prometheus.start()
        try await bench.expect(.open)
        await bench.stop()
        // Prometheus itself may have missed the page now and then.
        let states = bench.log.states
        #expect(states.filter { $0 == "inert" }.count >= 3, "\(bench.log.all)")
        #expect(zip(states, states.dropFirst()).allSatisfy { $0 != $1 }, "\(bench.log.all)")
    }

    @Test(.timeLimit(.minutes(2)))
    func takesABudgetFromTheBestSourceThereIs() async throws {
        let exporter = try await Exporter()
        let prometheus = try await PrometheusServer(target: exporter.port)
        var settings = PrometheusBudgetSettings(pool: "p")
        settings.maxConcurrency = 10
        settings.baseline = 0.1
        let bench = try Bench(.budget(settings), prometheus: prometheus.url)
        try await bench.expect(.shut, "no sample for the router's queue; Prometheus has no sample for the queues of")

        // Two routers of one pool of five pods.
        func pools(_ queue: String, _ pods: String) -> String {
            ["a", "b"].map { router in
                """
                \(queue){inference_pool="p",priority="0",router="\(router)"} 5
                \(queue){inference_pool="p",priority="1",router="\(router)"} 2.5
                \(pods){name="p",router="\(router)"} 5

                """
            }.joined()
        }
        exporter.show(pools("llm_d_epp_flow_control_queue_size", "llm_d_epp_ready_endpoints"))
        try await bench.expect(.open, "0.7 is free by the router's queue")
        #expect(bench.state.cap == 30)
        exporter.show(pools("inference_extension_flow_control_queue_size", "inference_pool_ready_pods"))
        try await eventually("the old names") { bench.state.cap == 30 && bench.condition == .open }

        exporter.show(
            """
            llm_d_epp_per_endpoint_queue_size{name="p",model_server_endpoint="a"} 2
            llm_d_epp_per_endpoint_queue_size{name="p",model_server_endpoint="b"} 6

            """)
        try await bench.expect(.open, "0.6 is free by the queues of the pods")
        #expect(bench.state.cap == 32, "half of the slots, since nobody knows the pods")
        exporter.show(
            """
            inference_pool_per_pod_queue_size{name="p",model_server_pod="a"} 2

            """)
        try await bench.expect(.open, "0.8 is free by the queues of the pods")
        exporter.show(
            """
            vllm:num_requests_running{inference_pool="p",pod="a"} 12
            vllm:num_requests_running{inference_pool="p",pod="b"} 6
            llm_d_epp_ready_endpoints{name="p"} 2

            """)
        try await bench.expect(.closed, "0.1 is free by the running requests")
        exporter.show("")
        try await bench.expect(.shut)
        await bench.stop()
    }

    @Test(.timeLimit(.minutes(2)))
    func followsAnExpression() async throws {
        let exporter = try await Exporter(Self.page)
        let prometheus = try await PrometheusServer(target: exporter.port)
        let bench = try Bench(.query(PrometheusQuerySettings(query: "free")), prometheus: prometheus.url)
        try await bench.expect(.open)
        #expect(bench.state.cap == 32)
        exporter.show("free 7\n")
        try await eventually("at most everything") { bench.state.cap == 64 }
        exporter.show("free{a=\"x\"} 0.5\nfree{a=\"y\"} 0\n")
        try await bench.expect(.closed)
        exporter.show("free NaN\n")
        try await bench.expect(.shut, "the query is no number")
        exporter.show("free 1\n")
        try await bench.expect(.open)
        await bench.stop()
        let scalar = try Bench(.query(PrometheusQuerySettings(query: "0.25")), prometheus: prometheus.url)
        try await scalar.expect(.open)
        #expect(scalar.state.cap == 16)
        await scalar.stop()
        let wrong = try Bench(.query(PrometheusQuerySettings(query: "free{")), prometheus: prometheus.url)
        try await wrong.expect(.shut, "bad_data")
        await wrong.stop()
        let matrix = try Bench(.query(PrometheusQuerySettings(query: "free[5m]")), prometheus: prometheus.url)
        try await matrix.expect(.shut, "gives a matrix")
        await matrix.stop()
    }

    @Test(.timeLimit(.minutes(1)))
    func asksByGETWherePOSTIsRefused() async throws {
        let answer = #"{"status":"success","data":{"resultType":"scalar","result":[1,"0.5"]}}"#
        let server = try await Exporter(answer)
        server.set { $0.postStatus = 405 }
        let query = "a{b=\"c d\"} + 1"
        let bench = try Bench(.query(PrometheusQuerySettings(query: query)), prometheus: server.url)
        try await bench.expect(.open)
        try await eventually("several polls") { server.requests.count > 3 }
        #expect(server.requests.prefix(3).map(\.method) == ["POST", "GET", "GET"])
        #expect(server.requests[0].body == "query=a%7Bb%3D%22c%20d%22%7D%20%2B%201")
        #expect(server.requests[1].path.hasPrefix("/api/v1/query"))
        await bench.stop()
    }

    @Test(.timeLimit(.minutes(1)))
    func isShutWhereSomethingElseAnswers() async throws {
        let server = try await Exporter("<html>Not Prometheus</html>")
        let bench = try Bench(.budget(PrometheusBudgetSettings(pool: "p")), prometheus: server.url)
        try await bench.expect(.shut, "no answer of Prometheus: <html>")
        server.set { $0.delay = .seconds(30) }
        try await bench.expect(.shut, "timed out")
        await bench.stop()
    }

    @Test(.timeLimit(.minutes(1)))
    func treatsTiersApartWhileThePoolIsFull() async throws {
        let exporter = try await Exporter(Self.page)
        let prometheus = try await PrometheusServer(target: exporter.port)
        let gate = GateSettings.tierAdmission(
            saturation: .saturation(PrometheusSaturationSettings(pool: "q")), tierLabel: "tier")
        let bench = try Bench(gate, prometheus: prometheus.url)
        try await bench.expect(.closed)
        let reserved = GateRequest(labels: ["tier": "batch"], classification: .reserved)
        guard case .wait? = bench.verdict(reserved) else {
            Issue.record("does not wait")
            return
        }
        let over = GateRequest(labels: ["tier": "interactive"], classification: .overflow)
        guard case .drop(let payload, _)? = bench.verdict(over) else {
            Issue.record("is not dropped")
            return
        }
        #expect(payload.contains("Too Many Requests"))
        exporter.show("llm_d_epp_flow_control_pool_saturation{inference_pool=\"q\"} 0.1\n")
        try await bench.expect(.open)
        #expect(bench.verdict(over) == .go)
        await bench.stop()
    }
}
