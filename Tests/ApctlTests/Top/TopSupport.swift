import Primitives
import Settings
import Testing

@testable import Apctl

/// What a stage that is ready says.
func reading(
    _ stage: StageName, at address: String, time: Double, status: String = "", page: String = "",
    readiness: String = #"{"status":"ready"}"#, code: Int = 200
) throws -> StageReading {
    let fields = status.isEmpty ? "" : ",\(status)"
    let report = StageReport(
        stage, try #require(HTTPAddress("http://\(address)")),
        status: HTTPGet.Answer(status: 200, body: "{\"stage\":\"\(stage)\",\"version\":\"0.1.0\"\(fields)}"),
        readiness: HTTPGet.Answer(status: code, body: readiness))
    return StageReading(report: report, figures: StageFigures(page: page), time: time)
}

/// Of a stage that does not answer.
func silence(_ stage: StageName, at address: String, time: Double) throws -> StageReading {
    let report = StageReport(
        silent: stage, try #require(HTTPAddress("http://\(address)")), error: "connect: Connection refused")
    return StageReading(report: report, figures: nil, time: time)
}

extension Round {
    init(_ readings: [StageReading], time: Double) {
        self.init(
            time: time, wallClock: WallClock(milliseconds: 1_796_040_243_000 + Int64(time * 1000)), readings: readings)
    }
}

/// A pipeline at night, looked at twice: a second dispatch has gone, and the backlog will not be done in time.
struct Night {
    /// - Parameter time: Seconds since the first look.
    static func round(time: Double, secondDispatch: Bool) throws -> Round {
        let readings = [
            try ingest(time), try dispatch(time),
            secondDispatch
                ? try reading(.dispatch, at: "10.0.0.6:9092", time: time, page: "process_start_time_seconds 5\n")
                : try silence(.dispatch, at: "10.0.0.6:9092", time: time),
            try reading(
                .retry, at: "127.0.0.1:9093", time: time, status: #""uptime_seconds":200"#,
                page: """
                    async_processor_link_sent_total{link="retry-emit"} \(50 + 2 * time)
                    async_processor_link_room{link="dispatch-retry"} 4096
                    async_processor_link_room{link="retry-emit"} 512
                    async_processor_link_oldest_open_seconds{link="retry-emit"} 0
                    async_processor_held_requests{queue="batch",place="outcome"} 2

                    """),
            try reading(
                .emit, at: "127.0.0.1:9094", time: time, status: #""uptime_seconds":200"#,
                page: """
                    async_processor_link_done_total{link="dispatch+retry-emit"} \(550 + 41 * time)
                    async_processor_link_room{link="dispatch+retry-emit"} 768
                    async_processor_link_oldest_open_seconds{link="dispatch+retry-emit"} 0
                    async_processor_held_requests{queue="batch",place="settlement"} 3

                    """),
        ]
        return Round(readings, time: time)
    }

    private static func ingest(_ time: Double) throws -> StageReading {
        try reading(
            .ingest, at: "127.0.0.1:9091", time: time,
            status: """
                "uptime_seconds":\(200 + time),"reasons":["no peer has room"],
                "queues":[{"queue":"batch","waiting":12300,"parked":30}],
                "peers":[{"link":"ingest-dispatch","address":"tcp://10.0.0.5:5557","state":"alive","room":0,"open":69,
                          "oldest_open_seconds":0.4}]
                """,
            page: """
                async_processor_leases_total{queue="batch"} \(1100 + 44 * time)
                async_processor_link_sent_total{link="ingest-dispatch"} \(1000 + 41 * time)
                async_processor_link_sent_again_total{link="ingest-dispatch"} 0
                async_processor_link_room{link="ingest-dispatch"} 0
                async_processor_link_oldest_open_seconds{link="ingest-dispatch"} 0.4
                async_processor_held_requests{queue="batch",place="queue"} 12300
                async_processor_held_requests{queue="batch",place="parked"} 30
                async_processor_held_requests{queue="batch",place="leased"} 12
                async_processor_held_requests{queue="batch",place="link"} 0
                async_processor_requests_at_risk{queue="batch"} 120
                async_processor_slots_required{queue="batch"} 80
                async_processor_eta_seconds{queue="batch"} 300
                process_cpu_seconds_total \(10 + 0.12 * time)
                process_resident_memory_bytes 60817408
                process_start_time_seconds 17

                """)
    }

    private static func dispatch(_ time: Double) throws -> StageReading {
        let queue = #"queue_id="batch",queue_name="batch",pool_name="default""#
        let latency = "llm_d_async_async_inference_latency_time_millis"
        return try reading(
            .dispatch, at: "10.0.0.5:9092", time: time,
            status: """
                "uptime_seconds":\(300 + time),
                "gateways":[{"origin":"http://gpu:8000","queue":"batch","state":"reachable","held":0,
                  "attempts":{"succeeded":\(Int(500 + 39 * time)),"shed":\(Int(40 + 1.5 * time)),"failed":\(Int(10 + time / 2))}}]
                """,
            page: """
                # TYPE async_processor_link_sent_total counter
                async_processor_link_sent_total{link="ingest-dispatch"} \(1000 + 41 * time)
                async_processor_link_sent_total{link="dispatch-emit"} \(500 + 39 * time)
                async_processor_link_sent_total{link="dispatch-retry"} \(50 + 2 * time)
                async_processor_link_room{link="dispatch-emit"} 512
                async_processor_link_room{link="dispatch-retry"} 4096
                async_processor_link_oldest_open_seconds{link="dispatch-emit"} 0.2
                async_processor_held_requests{queue="batch",place="slot"} 4
                async_processor_held_requests{queue="batch",place="held"} 0
                async_processor_held_requests{queue="batch",place="gateway"} 64
                async_processor_held_requests{queue="batch",place="outcome"} 1
                llm_d_async_async_successful_requests_total{\(queue)} \(500 + 39 * time)
                \(latency)_bucket{\(queue),le="100"} \(5 * time)
                \(latency)_bucket{\(queue),le="250"} \(40 * time)
                \(latency)_bucket{\(queue),le="500"} \(41 * time)
                \(latency)_bucket{\(queue),le="+Inf"} \(41 * time)
                \(latency)_sum{\(queue)} \(8692 * time)
                async_processor_slots 64
                process_start_time_seconds 5

                """)
    }

    /// What is to be seen at the second look.
    static func scene() throws -> TopScene {
        var history = TopHistory()
        _ = history.take(try round(time: 0, secondDispatch: true))
        return history.take(try round(time: 2, secondDispatch: false))
    }
}
