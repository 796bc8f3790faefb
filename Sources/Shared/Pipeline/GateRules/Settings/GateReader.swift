package import Messages

/// What settings of gates may refer to.
package struct GateReader: Sendable {
    /// Whether there is a `--prometheus-url`; without one its gates are an error.
    package var hasPrometheus: Bool
    /// The pool whose gate, or whose queue's gate, it is; empty where there is none.
    package var poolID: String

    /// Gates inside each other, at most.
    static let maxDepth = 16

    package init(hasPrometheus: Bool, poolID: String = "") {
        self.hasPrometheus = hasPrometheus
        self.poolID = poolID
    }

    /// Reads `gate_type` and `gate_params` of a queue.
    ///
    /// - Parameters:
    ///   - type: `nil` or empty for a gate that is always open.
    ///   - parameters: JSON: an object, or a string that holds one; `nil` for none.
    ///   - place: file and entry, such as `queues.json: queues[1]`.
    package func read(
        type: String?, parameters: Bytes?, at place: String
    ) throws(GateSettingsError) -> GateSettings {
        var value = SettingsValue.null
        if let parameters {
            do throws(JSONError) { value = try SettingsValue(parameters) } catch {
                throw GateSettingsError("\(place).gate_params", "is not JSON: \(error)")
            }
        }
        let settings = try read(type: type ?? "", value, at: place, depth: 0)
        guard GatePlan(settings).tokenQuotas.count <= RequestLimits.maxCharges else {
            throw GateSettingsError("\(place).gate_params", "more than \(RequestLimits.maxCharges) quotas in tokens")
        }
        return settings
    }

    /// Reads `gate_type` and `gate_params` of an object, other members of which are an error.
    func read(gate value: SettingsValue, at place: String, depth: Int) throws(GateSettingsError) -> GateSettings {
        var fields = try GateParameters(value, at: place)
        let type = try fields.text("gate_type") ?? ""
        let parameters = try fields.object("gate_params") ?? .null
        try fields.finish("an inner gate")
        return try read(type: type, parameters, at: place, depth: depth)
    }

    /// - Parameters:
    ///   - place: of the object in which `gate_type` and `gate_params` stand.
    ///   - names: what these two are called there.
    func read(
        type: String, _ parameters: SettingsValue, at place: String, depth: Int,
        names: (type: String, parameters: String) = ("gate_type", "gate_params")
    ) throws(GateSettingsError) -> GateSettings {
        guard depth < Self.maxDepth else {
            throw GateSettingsError(place, "more than \(Self.maxDepth) gates inside each other")
        }
        var fields = try GateParameters(parameters, at: "\(place).\(names.parameters)")
        let settings = try read(type, &fields, typePlace: "\(place).\(names.type)", depth: depth)
        try fields.finish(type.isEmpty ? "a gate without a type" : type)
        return settings
    }

    private func read(
        _ type: String, _ fields: inout GateParameters, typePlace: String, depth: Int
    ) throws(GateSettingsError) -> GateSettings {
        if type.hasPrefix("prometheus-"), GateSettings.typeNames.contains(type), !hasPrometheus {
            throw GateSettingsError(typePlace, "\(type) needs --prometheus-url, which is not set")
        }
        switch type {
        case "", "constant": return .constant
        case "redis": return .redis(try redis(&fields))
        case "redis-quota": return .quota(try quota(&fields))
        case "redis-leased-rate": return .leasedRate(try leasedRate(&fields))
        case "local-max-concurrency": return .localConcurrency(try localConcurrency(&fields))
        case "composite": return .all(try inner(&fields, depth: depth))
        case "wait-on-refuse":
            let gate = try fields.requiredObject("gate", "an object with gate_type and gate_params")
            return .waitOnRefuse(try read(gate: gate, at: fields.path("gate"), depth: depth + 1))
        case "tier-priority-admission": return try tierAdmission(&fields, depth: depth)
        case "prometheus-query": return .query(try query(&fields))
        case "prometheus-saturation": return .saturation(try saturation(&fields))
        case "prometheus-budget": return .budget(try budget(&fields))
        case "endpoint-scrape": return .scrape(try scrape(&fields))
        default:
            let names = GateSettings.typeNames.joined(separator: ", ")
            throw GateSettingsError(typePlace, "is \"\(type.prefix(100))\", expected one of \(names)")
        }
    }

    // MARK: - Gates of gates

    private func inner(_ fields: inout GateParameters, depth: Int) throws(GateSettingsError) -> [GateSettings] {
        let list = try fields.requiredList("gates", "a list of objects with gate_type and gate_params")
        var gates: [GateSettings] = []
        for (index, value) in list.enumerated() {
            gates.append(try read(gate: value, at: "\(fields.path("gates"))[\(index)]", depth: depth + 1))
        }
        return gates
    }

    private func tierAdmission(
        _ fields: inout GateParameters, depth: Int
    ) throws(GateSettingsError) -> GateSettings {
        let type = try fields.requiredText("saturation_gate", "the type of a gate")
        let parameters = try fields.object("saturation_gate_params") ?? .null
        let saturation = try read(
            type: type, parameters, at: fields.place, depth: depth + 1,
            names: ("saturation_gate", "saturation_gate_params"))
        return .tierAdmission(saturation: saturation, tierLabel: try fields.text("tier_label") ?? "tier")
    }

    // MARK: - Gates by themselves

    private func localConcurrency(
        _ fields: inout GateParameters
    ) throws(GateSettingsError) -> LocalConcurrencySettings {
        var settings = LocalConcurrencySettings(limit: try fields.requiredCount("limit"))
        settings.gating = try fields.choice("gating_mode") ?? settings.gating
        return settings
    }

    private func query(_ fields: inout GateParameters) throws(GateSettingsError) -> PrometheusQuerySettings {
        var settings = PrometheusQuerySettings(query: try fields.requiredText("query", "an expression of PromQL"))
        settings.fallback = try fields.fraction("fallback") ?? settings.fallback
        settings.pool = try fields.text("pool") ?? settings.pool
        return settings
    }

    private func saturation(
        _ fields: inout GateParameters
    ) throws(GateSettingsError) -> PrometheusSaturationSettings {
        var settings = PrometheusSaturationSettings(pool: try fields.requiredText("pool", "the name of a pool"))
        settings.namespace = try fields.text("namespace") ?? settings.namespace
        settings.threshold = try fields.fraction("threshold") ?? settings.threshold
        settings.fallback = try fields.fraction("fallback") ?? settings.fallback
        return settings
    }

    private func budget(_ fields: inout GateParameters) throws(GateSettingsError) -> PrometheusBudgetSettings {
        var settings = PrometheusBudgetSettings(pool: try fields.requiredText("pool", "the name of a pool"))
        settings.namespace = try fields.text("namespace") ?? settings.namespace
        settings.maxConcurrency =
            try fields.number("max_concurrency", "a number of more than 0") { $0 > 0 && $0 <= 1e9 }
            ?? settings.maxConcurrency
        settings.baseline = try baseline(&fields) ?? settings.baseline
        settings.fallback = try fields.fraction("fallback") ?? settings.fallback
        return settings
    }

    func baseline(_ fields: inout GateParameters) throws(GateSettingsError) -> Double? {
        try fields.number("baseline", "a number from 0 to less than 1") { $0 >= 0 && $0 < 1 }
    }
}
