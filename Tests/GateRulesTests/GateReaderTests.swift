import Messages
import Testing

@testable import GateRules

struct GateReaderTests {
    struct Reading: Sendable, CustomStringConvertible {
        let type: String
        var parameters: String?
        let settings: GateSettings
        var description: String { "\(type) \(parameters ?? "")" }
    }

    static func make<Value>(_ value: Value, _ change: (inout Value) -> Void) -> Value {
        var value = value
        change(&value)
        return value
    }

    static let quota = QuotaSettings(address: "redis:6379", limit: 3)
    static let readings: [Reading] = [
        Reading(type: "", settings: .constant),
        Reading(type: "constant", parameters: "{}", settings: .constant),
        Reading(type: "constant", parameters: "null", settings: .constant),
        Reading(type: "constant", parameters: "\"\"", settings: .constant),
        Reading(
            type: "redis", parameters: #"{"address":"redis:6379","budget_key":""}"#,
            settings: .redis(RedisBudgetSettings(address: "redis:6379"))),
        Reading(
            type: "redis", parameters: #""{\"address\":\"redis://u@redis:1/2\",\"budget_key\":\"b\"}""#,
            settings: .redis(make(RedisBudgetSettings(address: "redis://u@redis:1/2")) { $0.key = "b" })),
        Reading(type: "redis-quota", parameters: #"{"address":"redis:6379","limit":3}"#, settings: .quota(quota)),
        Reading(type: "redis-quota", parameters: #"{"address":"redis:6379","limit":"3"}"#, settings: .quota(quota)),
        Reading(
            type: "redis-quota",
            parameters:
                #"{"address":"redis:6379","limit":3.0,"attribute":"team","mode":"concurrency","window":"0","prefix":"p:","gating_mode":"classifying"}"#,
            settings: .quota(
                make(quota) {
                    $0.attribute = "team"
                    $0.mode = .concurrency
                    $0.window = .zero
                    $0.prefix = "p:"
                    $0.gating = .classifying
                })),
        Reading(
            type: "redis-quota", parameters: #"{"address":"redis:6379","limit":"3","mode":"tokens","window":"24h"}"#,
            settings: .quota(
                make(quota) {
                    $0.mode = .tokens
                    $0.window = .seconds(86400)
                })),
        Reading(
            type: "redis-leased-rate", parameters: #"{"address":"redis:6379","control_key":"c"}"#,
            settings: .leasedRate(LeasedRateSettings(address: "redis:6379", controlKey: "c", poolID: "own"))),
        Reading(
            type: "redis-leased-rate",
            parameters:
                #"{"address":"redis:6379","control_key":"c","pool_id":"p","state_key":"s","burst_seconds":"2.5"}"#,
            settings: .leasedRate(
                make(LeasedRateSettings(address: "redis:6379", controlKey: "c", poolID: "p")) {
                    $0.stateKey = "s"
                    $0.burst = 2.5
                })),
        Reading(
            type: "local-max-concurrency", parameters: #"{"limit":"8","gating_mode":"blocking"}"#,
            settings: .localConcurrency(make(LocalConcurrencySettings(limit: 8)) { $0.gating = .blocking })),
        Reading(type: "composite", parameters: #"{"gates":[]}"#, settings: .all([])),
        Reading(
            type: "composite",
            parameters:
                #"{"gates":[{"gate_type":"constant"},{"gate_type":"local-max-concurrency","gate_params":{"limit":1}}]}"#,
            settings: .all([.constant, .localConcurrency(LocalConcurrencySettings(limit: 1))])),
        Reading(
            type: "composite", parameters: #"{"gates":"[{\"gate_type\":\"constant\"}]"}"#,
            settings: .all([.constant])),
        Reading(
            type: "wait-on-refuse",
            parameters:
                #"{"gate":"{\"gate_type\":\"prometheus-query\",\"gate_params\":\"{\\\"query\\\":\\\"up\\\"}\"}"}"#,
            settings: .waitOnRefuse(.query(PrometheusQuerySettings(query: "up")))),
        Reading(
            type: "tier-priority-admission",
            parameters:
                #"{"saturation_gate":"prometheus-saturation","saturation_gate_params":"{\"pool\":\"p\",\"threshold\":\"0.7\"}"}"#,
            settings: .tierAdmission(
                saturation: .saturation(make(PrometheusSaturationSettings(pool: "p")) { $0.threshold = 0.7 }),
                tierLabel: "tier")),
        Reading(
            type: "prometheus-query", parameters: #"{"query":"up","fallback":1,"pool":"p"}"#,
            settings: .query(
                make(PrometheusQuerySettings(query: "up")) {
                    $0.fallback = 1
                    $0.pool = "p"
                })),
        Reading(
            type: "prometheus-budget",
            parameters:
                #"{"pool":"p","namespace":"n","max_concurrency":"12","baseline":"0.1","fallback":"0.5"}"#,
            settings: .budget(
                make(PrometheusBudgetSettings(pool: "p")) {
                    $0.namespace = "n"
                    $0.maxConcurrency = 12
                    $0.baseline = 0.1
                    $0.fallback = 0.5
                })),
        Reading(
            type: "endpoint-scrape",
            parameters:
                #"{"url":"http://e/metrics","metric":"m","labels":{"a":"b"},"max_count_per_pod":"5","pods_url":"http://e/p","pods_metric":"n","pods_labels":"{\"x\":\"y\"}","value_type":"budget","absent_value":0,"baseline":0.1}"#,
            settings: .scrape(
                make(EndpointScrapeSettings(url: "http://e/metrics", metric: "m")) {
                    $0.labels = ["a": "b"]
                    $0.maxCountPerPod = 5
                    $0.pods = make(EndpointScrapeSettings.Pods(url: "http://e/p", metric: "n")) {
                        $0.labels = ["x": "y"]
                    }
                    $0.valueType = .budget
                    $0.absentValue = 0
                    $0.baseline = 0.1
                })),
    ]

    @Test(arguments: readings)
    func readsWhatLLMDAsyncReads(_ reading: Reading) {
        #expect(read(reading.type, reading.parameters) == .success(reading.settings))
    }

    struct Mistake: Sendable, CustomStringConvertible {
        let type: String
        var parameters: String?
        var hasPrometheus = true
        /// Where, and what is said.
        let place: String
        let words: String
        var description: String { "\(type) \(parameters ?? "")" }
    }

    static let mistakes: [Mistake] = [
        Mistake(type: "foo", place: ".gate_type", words: "expected one of composite, constant, endpoint-scrape"),
        Mistake(type: "constant", parameters: "{", place: ".gate_params", words: "is not JSON"),
        Mistake(type: "constant", parameters: "[]", place: ".gate_params", words: "expected an object"),
        Mistake(
            type: "constant", parameters: #"{"a":1}"#, place: ".gate_params.a", words: "is no parameter of constant"),
        Mistake(type: "redis", place: ".gate_params.address", words: "is missing, expected host:port"),
        Mistake(
            type: "redis", parameters: #"{"address":"redis"}"#, place: ".gate_params.address",
            words: "is \"redis\", expected host:port"),
        Mistake(
            type: "redis", parameters: #"{"address":"redis:1","budgetkey":"b"}"#, place: ".gate_params.budgetkey",
            words: "is no parameter of redis, which has: address, budget_key"),
        Mistake(
            type: "redis-quota", parameters: #"{"address":"r:1"}"#, place: ".gate_params.limit", words: "is missing"),
        Mistake(
            type: "redis-quota", parameters: #"{"address":"r:1","limit":0}"#, place: ".gate_params.limit",
            words: "is 0, expected a whole number of at least 1"),
        Mistake(
            type: "redis-quota", parameters: #"{"address":"r:1","limit":"x"}"#, place: ".gate_params.limit",
            words: "is \"x\""),
        Mistake(
            type: "redis-quota", parameters: #"{"address":"r:1","limit":1.5}"#, place: ".gate_params.limit",
            words: "is 1.5"),
        Mistake(
            type: "redis-quota", parameters: #"{"address":"r:1","limit":1,"window":"abc"}"#,
            place: ".gate_params.window", words: "expected a duration such as 30s"),
        Mistake(
            type: "redis-quota", parameters: #"{"address":"r:1","limit":1,"window":"0s"}"#,
            place: ".gate_params.window", words: "more than 0"),
        Mistake(
            type: "redis-quota", parameters: #"{"address":"r:1","limit":1,"mode":"rate"}"#,
            place: ".gate_params.mode", words: "expected rate-limit or concurrency or tokens"),
        Mistake(
            type: "redis-quota", parameters: #"{"address":"r:1","limit":1,"mode":"tokens","window":"0"}"#,
            place: ".gate_params.window", words: "more than 0"),
        Mistake(
            type: "redis-quota", parameters: #"{"address":"r:1","limit":1,"mode":"tokens","window":"10us"}"#,
            place: ".gate_params.window", words: "at least 1ms"),
        Mistake(
            type: "redis-quota",
            parameters:
                #"{"address":"r:1","limit":1,"mode":"tokens","prefix":"\#(String(repeating: "p", count: 2048))"}"#,
            place: ".gate_params.prefix", words: "is longer, with attribute, than 2048 bytes"),
        Mistake(
            type: "composite",
            parameters:
                #"{"gates":[\#((1...17).map { #"{"gate_type":"redis-quota","gate_params":{"address":"r:1","limit":\#($0),"mode":"tokens"}}"# }.joined(separator: ","))]}"#,
            place: ".gate_params", words: "more than 16 quotas in tokens"),
        Mistake(
            type: "redis-quota", parameters: #"{"address":"r:1","limit":1,"gating_mode":"soft"}"#,
            place: ".gate_params.gating_mode", words: "expected blocking or classifying"),
        Mistake(
            type: "redis-leased-rate", parameters: #"{"address":"r:1"}"#, place: ".gate_params.control_key",
            words: "is missing"),
        Mistake(
            type: "redis-leased-rate", parameters: #"{"address":"r:1","control_key":"c","burst_seconds":0}"#,
            place: ".gate_params.burst_seconds", words: "more than 0"),
        Mistake(
            type: "local-max-concurrency", parameters: #"{"limit":true}"#, place: ".gate_params.limit",
            words: "is true"),
        Mistake(type: "composite", place: ".gate_params.gates", words: "is missing, expected a list"),
        Mistake(
            type: "composite", parameters: #"{"gates":[{"gate_type":"constant"},{"gate_type":"x"}]}"#,
            place: ".gate_params.gates[1].gate_type", words: "is \"x\""),
        Mistake(
            type: "composite", parameters: #"{"gates":[{"gate_type":"redis","gate_params":{"address":1}}]}"#,
            place: ".gate_params.gates[0].gate_params.address", words: "expected a string"),
        Mistake(
            type: "composite", parameters: #"{"gates":[{"type":"redis"}]}"#, place: ".gate_params.gates[0].type",
            words: "is no parameter of an inner gate"),
        Mistake(type: "wait-on-refuse", place: ".gate_params.gate", words: "is missing"),
        Mistake(
            type: "tier-priority-admission", parameters: #"{"saturation_gate":"x"}"#,
            place: ".gate_params.saturation_gate", words: "is \"x\""),
        Mistake(
            type: "prometheus-saturation", parameters: #"{"pool":"p"}"#, hasPrometheus: false, place: ".gate_type",
            words: "needs --prometheus-url"),
        Mistake(type: "prometheus-saturation", place: ".gate_params.pool", words: "is missing"),
        Mistake(
            type: "prometheus-saturation", parameters: #"{"pool":"p","threshold":"NaN"}"#,
            place: ".gate_params.threshold", words: "from 0 to 1"),
        Mistake(type: "prometheus-query", place: ".gate_params.query", words: "is missing"),
        Mistake(
            type: "prometheus-budget", parameters: #"{"pool":"p","max_concurrency":0}"#,
            place: ".gate_params.max_concurrency", words: "more than 0"),
        Mistake(
            type: "prometheus-budget", parameters: #"{"pool":"p","baseline":1}"#, place: ".gate_params.baseline",
            words: "from 0 to less than 1"),
        Mistake(
            type: "endpoint-scrape", parameters: #"{"url":"e/metrics","metric":"m"}"#, place: ".gate_params.url",
            words: "http://"),
        Mistake(
            type: "endpoint-scrape", parameters: #"{"url":"http://e"}"#, place: ".gate_params.metric",
            words: "is missing"),
        Mistake(
            type: "endpoint-scrape", parameters: #"{"url":"http://e","metric":"m","pods_url":"http://e"}"#,
            place: ".gate_params.pods_metric", words: "they go together"),
        Mistake(
            type: "endpoint-scrape", parameters: #"{"url":"http://e","metric":"m","labels":{"a":1}}"#,
            place: ".gate_params.labels.a", words: "expected a string"),
        Mistake(
            type: "endpoint-scrape", parameters: #"{"url":"http://e","metric":"m","admission":"counted"}"#,
            place: ".gate_params.admission", words: "max_count_per_pod above 0"),
        Mistake(
            type: "endpoint-scrape",
            parameters:
                #"{"url":"http://e","metric":"m","admission":"counted","max_count_per_pod":1,"value_type":"budget"}"#,
            place: ".gate_params.admission", words: "value_type saturation"),
        Mistake(
            type: "endpoint-scrape",
            parameters: #"{"url":"http://e","metric":"m","admission":"counted","max_count_per_pod":1,"fallback":0}"#,
            place: ".gate_params.admission", words: "neither baseline nor fallback"),
    ]

    @Test(arguments: mistakes)
    func namesEntryAndParameterAndWhatWouldBeRight(_ mistake: Mistake) throws {
        let text = try #require(
            problem(read(mistake.type, mistake.parameters, hasPrometheus: mistake.hasPrometheus)))
        #expect(text.hasPrefix("q.json: queues[1]\(mistake.place): "), "\(text)")
        #expect(text.contains(mistake.words), "\(text)")
    }

    @Test
    func hidesThePasswordOfAnAddressThatIsWrong() throws {
        let parameters = #"{"url":"ftp://user:secret@e/metrics","metric":"m"}"#
        let text = try #require(problem(read("endpoint-scrape", parameters)))
        #expect(!text.contains("secret"))
    }

    @Test
    func refusesGatesInsideGatesWithoutEnd() throws {
        var gate = #"{"gate_type":"constant"}"#
        for _ in 0..<100 { gate = #"{"gate_type":"wait-on-refuse","gate_params":{"gate":\#(gate)}}"# }
        let text = try #require(problem(read("wait-on-refuse", #"{"gate":\#(gate)}"#)))
        #expect(text.contains("more than 16 gates inside each other"))
    }

    @Test(arguments: [
        ("1m30s", 90_000), ("250ms", 250), ("0.5h", 1_800_000), ("1h2m3s", 3_723_000), ("0", 0), ("-2s", -2000),
        (".5s", 500), ("+1s", 1000),
    ])
    func readsDurationsAsGoWritesThem(_ text: String, _ milliseconds: Int) {
        #expect(GoDuration.read(text) == .milliseconds(milliseconds))
    }

    @Test(arguments: ["", "5", "1x", "s", "-", "1m5", "1.2.3s", ".s", "1 s", "9999999999h", "1e3s"])
    func readsNoOtherDurations(_ text: String) { #expect(GoDuration.read(text) == nil) }
}
