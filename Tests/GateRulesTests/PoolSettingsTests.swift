import GateRules
import Messages
import Testing

struct PoolSettingsTests {
    private func read(_ text: String) -> Result<[PoolSettings], GateSettingsError> {
        do throws(GateSettingsError) {
            return .success(try PoolSettings.read(bytes(text), file: "pools.json", hasPrometheus: false))
        } catch {
            return .failure(error)
        }
    }

    @Test
    func readsPoolsOfLLMDAsync() throws {
        let text = """
            [{"id":"a","workers":4},
             {"ID":"b","Workers":"8","gate_type":"local-max-concurrency","gate_params":{"limit":2}},
             {"id":"c","workers":1,"gate_type":"redis-leased-rate",
              "gate_params":{"address":"r:1","control_key":"k"}}]
            """
        let pools = try read(text).get()
        #expect(
            pools == [
                PoolSettings(id: "a", workers: 4),
                PoolSettings(id: "b", workers: 8, gate: .localConcurrency(LocalConcurrencySettings(limit: 2))),
                PoolSettings(
                    id: "c", workers: 1,
                    gate: .leasedRate(LeasedRateSettings(address: "r:1", controlKey: "k", poolID: "c"))),
            ])
    }

    @Test(arguments: [
        ("{", "pools.json: is not JSON"),
        ("{}", "pools.json: expected a list of pools"),
        ("[]", "pools.json: expected a list of pools"),
        ("[1]", "pools.json: [0]: is 1, expected an object"),
        (#"[{"workers":1}]"#, "pools.json: [0].id: is missing"),
        (#"[{"id":"","workers":1}]"#, "pools.json: [0].id: is missing"),
        (#"[{"id":"a"}]"#, "pools.json: [0] (a).workers: is missing"),
        (#"[{"id":"a","workers":0}]"#, "pools.json: [0] (a).workers: is 0"),
        (#"[{"id":"a","workers":1000001}]"#, "pools.json: [0] (a).workers: must be from 1 to 1000000"),
        (#"[{"id":"a","workers":1},{"id":"a","workers":1}]"#, "pools.json: [1].id: another pool is called a"),
        (#"[{"id":"a","workers":1,"workers":2}]"#, "pools.json: [0].workers: stands there twice"),
        (#"[{"id":"a","ID":"b","workers":1}]"#, "pools.json: [0].id: stands there twice"),
        (
            #"[{"id":"a","workers":1,"gate_type":"local-max-concurrency","gate_params":"{\"limit\":1,\"limit\":9}"}]"#,
            "pools.json: [0] (a).gate_params.limit: stands there twice"
        ),
        (
            #"[{"id":"a","workers":1,"gate_type":"endpoint-scrape","gate_params":{"url":"http://e/","metric":"m","#
                + #""labels":{"a":"1","a":"2"}}}]"#,
            "pools.json: [0] (a).gate_params.labels.a: stands there twice"
        ),
        (#"[{"id":"a","workers":1,"gate":"x"}]"#, "pools.json: [0] (a).gate: is no parameter of a pool"),
        (
            #"[{"id":"a","workers":1,"gate_type":"prometheus-query","gate_params":{"query":"up"}}]"#,
            "pools.json: [0] (a).gate_type: prometheus-query needs --prometheus-url"
        ),
        (
            #"[{"id":"a","workers":1,"gate_type":"local-max-concurrency","gate_params":{"limit":-1}}]"#,
            "pools.json: [0] (a).gate_params.limit: is -1"
        ),
    ])
    func namesFileAndEntry(_ text: String, _ words: String) throws {
        #expect(try #require(problem(read(text))).hasPrefix(words))
    }

    @Test(arguments: ["10.0.0.7:8000", "gpu:80", "[::1]:8000"])
    func warnsOfAnAddressThatIsNone(_ id: String) throws {
        let warning = try #require(PoolSettings(id: id, workers: 1).warning)
        #expect(warning.contains("http://\(id)"))
        for fine in ["http://\(id)", "default", "a:b", ":80", "gpu:80/v1", "gpu:0"] {
            #expect(PoolSettings(id: fine, workers: 1).warning == nil, "\(fine)")
        }
    }
}
