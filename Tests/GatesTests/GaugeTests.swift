import GateRules
import Gates
import PipelineMetrics
import Testing

struct GaugeTests {
    private func page(_ statuses: GateStatus...) -> String {
        let registry = MetricsRegistry()
        let gauges = GateGauges(registry)
        for status in statuses { gauges.show([status]) }
        var bytes: [UInt8] = []
        registry.emit(into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test
    func showsWhichConditionAGateIsIn() {
        let open = GateStatus(
            owner: .pool("p"), type: "prometheus-budget", condition: .open, value: 0.7, threshold: 0.1,
            inferencePool: "llm")
        var inert = open
        inert.condition = .inert
        inert.value = nil
        let names = #"queue_id="",queue_name="",pool_name="p""#
        let first = page(open)
        #expect(first.contains(#"gate_metric_value{\#(names),inference_pool="llm"} 0.7"#), "\(first)")
        #expect(first.contains(#"gate_metric_threshold{\#(names),inference_pool="llm"} 0.1"#))
        #expect(first.contains(#"gate_metric_source_available{\#(names),inference_pool="llm"} 1"#))
        let second = page(open, inert)
        let gate = #"gate="prometheus-budget",place="""#
        #expect(second.contains(#"async_processor_gate_condition{\#(names),\#(gate),condition="inert"} 1"#))
        #expect(second.contains(#"async_processor_gate_condition{\#(names),\#(gate),condition="open"} 0"#))
        #expect(second.contains(#"gate_metric_source_available{\#(names),inference_pool="llm"} 0"#))
    }

    @Test
    func showsTheLeaseOfARate() {
        var status = GateStatus(
            owner: .pool("p"), type: "redis-leased-rate", condition: .open, value: 5, inferencePool: "p")
        status.leaseEnd = 1_500
        let valid = page(status)
        #expect(valid.contains(#"async_drain_limit_rps{pool_name="p"} 5"#))
        #expect(valid.contains(#"async_drain_limit_lease_valid{pool_name="p"} 1"#))
        #expect(valid.contains(#"async_drain_limit_valid_until_seconds{pool_name="p"} 1.5"#))
        status.condition = .shut
        #expect(page(status).contains(#"async_drain_limit_lease_valid{pool_name="p"} 0"#))
    }
}
