import Messages

/// Gates on Redis, and on a page of metrics.
extension GateReader {
    func redis(_ fields: inout GateParameters) throws(GateSettingsError) -> RedisBudgetSettings {
        var settings = RedisBudgetSettings(address: try address(&fields))
        settings.key = try fields.text("budget_key") ?? settings.key
        return settings
    }

    func quota(_ fields: inout GateParameters) throws(GateSettingsError) -> QuotaSettings {
        var settings = QuotaSettings(address: try address(&fields), limit: try fields.requiredCount("limit"))
        settings.attribute = try fields.text("attribute") ?? settings.attribute
        settings.mode = try fields.choice("mode") ?? settings.mode
        settings.window = try fields.duration("window") ?? settings.window
        settings.prefix = try fields.text("prefix") ?? settings.prefix
        settings.gating = try fields.choice("gating_mode") ?? settings.gating
        guard settings.window >= .zero, settings.window > .zero || settings.mode == .concurrency else {
            throw fields.error("window", "expected a duration of more than 0, such as 1m")
        }
        guard settings.window <= .seconds(366 * 86400) else {
            throw fields.error("window", "expected a duration of at most a year")
        }
        if settings.mode == .tokens { try checkTokens(settings, fields) }
        return settings
    }

    /// The names of its buckets travel with the requests.
    private func checkTokens(_ settings: QuotaSettings, _ fields: GateParameters) throws(GateSettingsError) {
        guard settings.window >= .milliseconds(1) else {
            throw fields.error("window", "expected a duration of at least 1ms")
        }
        guard settings.prefix.utf8.count + settings.attribute.utf8.count <= RequestLimits.maxCharge / 2 else {
            throw fields.error("prefix", "is longer, with attribute, than \(RequestLimits.maxCharge / 2) bytes")
        }
    }

    func leasedRate(_ fields: inout GateParameters) throws(GateSettingsError) -> LeasedRateSettings {
        let address = try address(&fields)
        let key = try fields.requiredText("control_key", "the key of the hash that the controller writes")
        let pool = try fields.text("pool_id") ?? poolID
        guard !pool.isEmpty else { throw fields.error("pool_id", "is missing, and no pool has this gate") }
        var settings = LeasedRateSettings(address: address, controlKey: key, poolID: pool)
        settings.stateKey = try fields.text("state_key") ?? settings.stateKey
        settings.burst =
            try fields.number("burst_seconds", "a number of seconds of more than 0") { $0 > 0 && $0 <= 1e6 }
            ?? settings.burst
        return settings
    }

    /// That it can be talked to is seen when the client is made; here its form.
    private func address(_ fields: inout GateParameters) throws(GateSettingsError) -> String {
        let wanted = "host:port of a Redis server, or its URL"
        let address = try fields.requiredText("address", wanted)
        if address.contains("://") { return address }
        guard let colon = address.lastIndex(of: ":"), colon > address.startIndex,
            let port = Int(address[address.index(after: colon)...]), (1...65535).contains(port)
        else { throw fields.error("address", "is \"\(address.prefix(100))\", expected \(wanted)") }
        return address
    }

    func scrape(_ fields: inout GateParameters) throws(GateSettingsError) -> EndpointScrapeSettings {
        var settings = EndpointScrapeSettings(
            url: try url("url", &fields, isRequired: true) ?? "",
            metric: try fields.requiredText("metric", "the name of a metric"))
        settings.labels = try fields.strings("labels")
        settings.maxCountPerPod =
            try fields.number("max_count_per_pod", "a number of at least 0") { $0 >= 0 && $0 <= 1e9 }
            ?? settings.maxCountPerPod
        let baseline = try baseline(&fields)
        let fallback = try fields.fraction("fallback")
        settings.baseline = baseline ?? settings.baseline
        settings.fallback = fallback ?? settings.fallback
        settings.pods = try pods(&fields)
        settings.valueType = try fields.choice("value_type") ?? settings.valueType
        settings.absentValue = try fields.number("absent_value", "a number") { _ in true }
        settings.admission = try fields.choice("admission") ?? settings.admission
        if settings.admission == .counted {
            try checkCounted(settings, fields, hasBudget: baseline != nil || fallback != nil)
        }
        return settings
    }

    private func pods(_ fields: inout GateParameters) throws(GateSettingsError) -> EndpointScrapeSettings.Pods? {
        let url = try url("pods_url", &fields, isRequired: false)
        let metric = try fields.text("pods_metric")
        let labels = try fields.strings("pods_labels")
        switch (url, metric) {
        case (let url?, let metric?):
            var pods = EndpointScrapeSettings.Pods(url: url, metric: metric)
            pods.labels = labels
            return pods
        case (nil, nil): return nil
        case (nil, _): throw fields.error("pods_url", "is missing, and pods_metric is there: they go together")
        case (_, nil): throw fields.error("pods_metric", "is missing, and pods_url is there: they go together")
        }
    }

    private func checkCounted(
        _ settings: EndpointScrapeSettings, _ fields: GateParameters, hasBudget: Bool
    ) throws(GateSettingsError) {
        let wanted = "\"counted\" counts free places, so it needs"
        if settings.maxCountPerPod == 0 { throw fields.error("admission", "\(wanted) max_count_per_pod above 0") }
        if settings.valueType != .saturation { throw fields.error("admission", "\(wanted) value_type saturation") }
        if hasBudget { throw fields.error("admission", "\(wanted) neither baseline nor fallback") }
    }

    private func url(
        _ name: String, _ fields: inout GateParameters, isRequired: Bool
    ) throws(GateSettingsError) -> String? {
        let wanted = "a URL that begins with http:// or https://"
        guard let text = try fields.text(name) else {
            if isRequired { throw fields.error(name, "is missing, expected \(wanted)") }
            return nil
        }
        let scheme = ["http://", "https://"].first { text.lowercased().hasPrefix($0) }
        guard let scheme, text.utf8.count > scheme.utf8.count, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw fields.error(name, "is \"\(redacted(text).prefix(200))\", expected \(wanted)")
        }
        return text
    }
}
