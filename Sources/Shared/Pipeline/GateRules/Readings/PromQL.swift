/// The expressions that gates ask Prometheus for.
///
/// Metrics of the router have two names, those before and after they were renamed (`inference_…` and `llm_d_epp_…`): each
/// expression takes the new one where it is there, and otherwise the old one. Several routers of one pool tell the same pods,
/// so these are counted once; each has a queue of its own.
package enum PromQL {
    /// The free part of a pool, as its flow control sees it.
    ///
    /// Of several routers the fullest counts.
    package static func freePart(_ settings: PrometheusSaturationSettings) -> String {
        let labels = selector("inference_pool", settings.pool, settings.namespace)
        return "1 - max(\(either("flow_control_pool_saturation", labels)))"
    }

    /// What may tell the free part of a pool, first the best.
    package static func freeParts(_ settings: PrometheusBudgetSettings) -> [(name: String, query: String)] {
        let pool = selector("inference_pool", settings.pool, settings.namespace)
        let named = selector("name", settings.pool, settings.namespace)
        let size = number(settings.maxConcurrency)
        let capacity = "(\(readyPods(settings)) * \(size))"
        let perPod =
            "llm_d_epp_per_endpoint_queue_size\(named) or inference_pool_per_pod_queue_size\(named)"
        return [
            ("the router's queue", "1 - (sum(\(either("flow_control_queue_size", pool))) / on() \(capacity))"),
            ("the queues of the pods", "1 - (avg(\(perPod)) / \(size))"),
            ("the running requests", "1 - (sum(vllm:num_requests_running\(pool)) / on() \(capacity))"),
        ]
    }

    /// How many pods of a pool are ready.
    package static func readyPods(_ settings: PrometheusBudgetSettings) -> String {
        let labels = selector("name", settings.pool, settings.namespace)
        return "max(llm_d_epp_ready_endpoints\(labels) or inference_pool_ready_pods\(labels))"
    }

    private static func either(_ name: String, _ labels: String) -> String {
        "llm_d_epp_\(name)\(labels) or inference_extension_\(name)\(labels)"
    }

    private static func selector(_ label: String, _ pool: String, _ namespace: String) -> String {
        let space = namespace.isEmpty ? "" : ",namespace=\(quoted(namespace))"
        return "{\(label)=\(quoted(pool))\(space)}"
    }

    /// A string of PromQL; what cannot stand in it by itself is escaped as in Go.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case "\n": result += "\\n"
            case _ where scalar.value < 0x10: result += "\\x0" + String(scalar.value, radix: 16)
            case _ where scalar.value < 0x20: result += "\\x" + String(scalar.value, radix: 16)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    private static func number(_ number: Double) -> String {
        Int(exactly: number).map(String.init) ?? "\(number)"
    }
}
