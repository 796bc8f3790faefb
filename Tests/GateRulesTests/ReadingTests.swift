import GateRules
import Messages
import Testing

struct ReadingTests {
    // MARK: - Prometheus

    @Test(arguments: [
        (
            200, #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"0.5"]}]}}"#,
            PrometheusAnswer.values([0.5], notFinite: 0)
        ),
        (200, #"{"status":"success","data":{"resultType":"vector","result":[]}}"#, .values([], notFinite: 0)),
        (200, #"{"status":"success","data":{"resultType":"scalar","result":[1.5,"2"]}}"#, .values([2], notFinite: 0)),
        (
            200,
            #"{"status":"success","data":{"resultType":"vector","result":[{"value":[1,"NaN"]},{"value":[1,"+Inf"]},{"value":[1,"3"]}]}}"#,
            .values([3], notFinite: 2)
        ),
        (
            400, #"{"status":"error","errorType":"bad_data","error":"parse error"}"#,
            .refused("HTTP status 400, bad_data: parse error")
        ),
        (
            200, #"{"status":"success","data":{"resultType":"matrix","result":[]}}"#,
            .refused("the expression gives a matrix, not a number")
        ),
        (
            200, #"{"status":"success","data":{"resultType":"vector","result":[{"value":[1,"x"]}]}}"#,
            .refused("a sample of the answer is no number")
        ),
        (
            200, #"{"status":"success","data":{"resultType":"vector","result":[{"value":"x"}]}}"#,
            .refused("a sample of the answer is no number")
        ),
        (200, #"{"status":"success"}"#, .refused("the answer holds no vector")),
        (502, "<html>", .refused("HTTP status 502, and no answer of Prometheus: <html>")),
        (200, "", .refused("HTTP status 200, and no answer of Prometheus: ")),
    ])
    func readsAnswersOfPrometheus(_ status: Int, _ body: String, _ answer: PrometheusAnswer) {
        #expect(PrometheusAnswer(status: status, body: bytes(body)) == answer)
    }

    @Test
    func asksForBothNamesOfAMetricAndForOneNamespace() {
        var settings = PrometheusSaturationSettings(pool: "p\"\\\u{1}")
        settings.namespace = "n"
        let labels = #"{inference_pool="p\"\\\x01",namespace="n"}"#
        #expect(
            PromQL.freePart(settings)
                == "1 - max(llm_d_epp_flow_control_pool_saturation\(labels) "
                + "or inference_extension_flow_control_pool_saturation\(labels))")
        let queries = PromQL.freeParts(PrometheusBudgetSettings(pool: "p")).map(\.query)
        #expect(queries.count == 3)
        #expect(queries[0].contains(#"inference_extension_flow_control_queue_size{inference_pool="p"}"#))
        #expect(queries[0].contains("* 100)"))
        #expect(queries[1].contains(#"inference_pool_per_pod_queue_size{name="p"}"#))
        #expect(queries[2].contains(#"vllm:num_requests_running{inference_pool="p"}"#))
    }

    // MARK: - Pages of metrics

    private static let page = """
        # HELP up About.
        # TYPE up gauge
        up 1
        # TYPE m gauge
        m{a="x",b="say \\"hi\\"\\n, {ok}"} 3.5 1700000000000
        m{ a = "y" , } 4
        m_other 9
        # TYPE c counter
        c_total 7
        # TYPE h histogram
        h_bucket{le="1"} 1
        h 5
        empty{a="b"
        # TYPE none gauge
        nan NaN

        """

    @Test(arguments: [
        ("up", [:], MetricsPage.Finding.value(1)),
        ("m", [:], .value(3.5)),
        ("m", ["a": "y"], .value(4)),
        ("m", ["a": "x", "b": "say \"hi\"\n, {ok}"], .value(3.5)),
        ("m", ["a": "z"], .noSample),
        ("c_total", [:], .value(7)),
        ("none", [:], .noSample),
        ("absent", [:], .noMetric),
        ("m_othe", [:], .noMetric),
        ("h", [:], .wrong("h is a histogram, expected a gauge, a counter or an untyped metric")),
        ("empty", [:], .wrong(#"the line 'empty{a="b"' is not understood"#)),
    ])
    func findsSamplesOnAPage(_ metric: String, _ labels: [String: String], _ finding: MetricsPage.Finding) {
        #expect(MetricsPage.find(metric, labels: labels, in: bytes(Self.page)) == finding)
    }

    @Test
    func findsAllSamplesOfSomeMetrics() {
        let found = MetricsPage.samples(of: ["m", "h_bucket", "empty", "c", "nan"], in: bytes(Self.page))
        #expect(Set(found.keys) == ["m", "h_bucket", "nan"])
        #expect(found["m"]?.map(\.value) == [3.5, 4])
        #expect(found["m"]?.map { $0.labels["a"] } == ["x", "y"])
        #expect(found["h_bucket"]?.map(\.labels) == [["le": "1"]])
        #expect(
            MetricsPage.samples(of: ["m"], in: bytes("m{a=\"b\"} +Inf\nm 2")).values.first?.map(\.value) == [
                .infinity, 2,
            ])
    }

    @Test(arguments: ["", "<html></html>", "m", "m{", "m{a", "m{a=", "m{a=\"", "m{a=\"\\", "m{}", "m x", "m 1 2 3"])
    func takesNothingFromWhatIsNoPage(_ text: String) {
        if case .value = MetricsPage.find("m", labels: [:], in: bytes(text)) { Issue.record("found a value") }
    }

    struct Scrape: Sendable {
        var perPod = 0.0
        var pods: String?
        var type = EndpointScrapeSettings.ValueType.saturation
        var admission = EndpointScrapeSettings.Admission.budget
        var absent: Double?
        var page = "m 5\n"
        /// `nil`: none, with these words.
        var value: Double?
        var capacity: Double?
        var words = ""
    }

    @Test(arguments: [
        Scrape(page: "m 0.3\n", value: 0.7),
        Scrape(type: .budget, page: "m 0.3\n", value: 0.3),
        Scrape(page: "m -4\n", value: 1),
        Scrape(perPod: 5, value: 0, capacity: 5),
        Scrape(perPod: 5, page: "m 0\n", value: 1, capacity: 5),
        Scrape(perPod: 5, pods: "n 2\n", value: 0.5, capacity: 10),
        Scrape(perPod: 5, pods: "n 0\n", words: "no pod is ready"),
        Scrape(perPod: 5, pods: "x 0\n", words: "has no metric n"),
        Scrape(page: "x 1\n", words: "the page has no metric m"),
        Scrape(perPod: 5, absent: 0, page: "x 1\n", value: 1, capacity: 5),
        Scrape(page: "m NaN\n", words: "m is nan"),
        Scrape(perPod: 5, pods: "n 3\n", admission: .counted, page: "m 11\n", value: 4, capacity: 15),
        Scrape(perPod: 5, admission: .counted, page: "m 9\n", value: 0, capacity: 5),
    ])
    func turnsAPageIntoAReading(_ test: Scrape) {
        var settings = EndpointScrapeSettings(url: "http://e", metric: "m")
        settings.maxCountPerPod = test.perPod
        settings.valueType = test.type
        settings.admission = test.admission
        settings.absentValue = test.absent
        if test.pods != nil { settings.pods = .init(url: "http://e/pods", metric: "n") }
        let reading = ScrapeRule(settings).reading(page: bytes(test.page), pods: test.pods.map(bytes))
        switch reading {
        case .value(let value, let capacity, _):
            #expect(test.value.map { abs($0 - value) < 1e-9 } == true)
            #expect(capacity == test.capacity)
        case .missing(let reason, _): #expect(test.value == nil && reason.contains(test.words), "\(reason)")
        case .pending: Issue.record("no reading")
        }
    }

    // MARK: - Leases

    private static let lease: [String?] = ["llm-d.ai/v1alpha1", "p", "2.5", "1000", "d1"]

    @Test
    func takesALeaseThatIsWhole() {
        #expect(
            LeasedRate(Self.lease, pool: "p", now: 999) == .valid(perSecond: 2.5, until: 1000, decision: "d1"))
    }

    @Test(
        arguments: [
            (0, "v2", "api_version is \"v2\""), (0, nil, "api_version is missing"), (1, "q", "pool \"q\", not for p"),
            (2, "-1", "max_admission_rps is \"-1\""), (2, "inf", "max_admission_rps"), (2, "nan", "max_admission_rps"),
            (2, nil, "max_admission_rps is missing"), (3, "999", "the lease has ended"),
            (3, "-9223372036854775808", "the lease has ended"), (3, "x", "valid_until_unix_ms is \"x\""),
            (4, "", "decision_id is missing"), (4, nil, "decision_id is missing"),
        ] as [(Int, String?, String)])
    func refusesALeaseThatIsNot(_ place: Int, _ value: String?, _ words: String) {
        var lease = Self.lease
        lease[place] = value
        guard case .invalid(let reason) = LeasedRate(lease, pool: "p", now: 999) else {
            Issue.record("taken")
            return
        }
        #expect(reason.contains(words), "\(reason)")
    }

    @Test
    func knowsThatThereIsNoLease() {
        let none = [String?](repeating: nil, count: 5)
        #expect(LeasedRate(none, pool: "p", now: 1) == .invalid(reason: "there is no lease"))
        #expect(LeasedRate([], pool: "p", now: 1) == .invalid(reason: "there is no lease"))
    }
}
