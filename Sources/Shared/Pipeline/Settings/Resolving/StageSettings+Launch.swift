extension StageSettings {
    init<Kind: StageKind>(_ launch: Launch<Kind>) throws(SettingsError) {
        let common = launch.flags.common
        let timeout = launch.flags.dispatch.requestTimeout
        self.init(
            stage: Kind.name,
            pipeline: common.pipeline,
            bindHost: common.bindHost,
            metricsHost: common.metricsHost ?? common.bindHost,
            metricsPort: common.metricsPort ?? Kind.name.metricsPort,
            tap: common.tap,
            tapPayloads: common.tapPayloads?.isOn ?? false,
            drainTimeout: (common.drainTimeout ?? Seconds(timeout.value + 30)).duration,
            stuckAfter: common.stuckAfter.flatMap { $0.value > 0 ? $0.duration : nil },
            requestTimeout: timeout.duration,
            maxUnackedBytes: common.maxUnackedBytes,
            maxDeliveries: launch.flags.links.maxDeliveries,
            logLevel: common.logLevel,
            logFormat: common.logFormat,
            warnings: launch.warnings
        )
        setEndpoints(launch.flags.links)
        try checkReachability()
        try checkOwnAddresses()
    }

    private mutating func setEndpoints<Kind: StageKind>(_ links: LinkFlags<Kind>) {
        listen = stage.listenPort.map { links.listen ?? .tcp(host: bindHost, port: $0) }
        acks = stage.acksPort.map { links.acks ?? .tcp(host: bindHost, port: $0) }
        if acks != nil { acksAdvertise = links.acksAdvertise }
        if stage.receivers.contains(.dispatch) { dispatch = links.dispatch.endpoints }
        if stage.receivers.contains(.retry) { retry = links.retry.endpoints }
        if stage.receivers.contains(.emit) { emit = links.emit.endpoints }
    }

    /// Receivers elsewhere cannot report to an address of this machine alone.
    private func checkReachability() throws(SettingsError) {
        guard let told = acksAdvertise ?? acks, told.isLocal,
            let remote = (dispatch + retry + emit).first(where: { !$0.isLocal })
        else { return }
        throw SettingsError(
            acksAdvertise == nil ? "--acks" : "--acks-advertise",
            "\(remote) cannot report to \(told); give --bind-host, --acks or --acks-advertise an address it can reach")
    }

    /// What this stage binds itself needs an address each.
    private func checkOwnAddresses() throws(SettingsError) {
        var taken: [(flag: String, endpoint: Endpoint)] = []
        let status = metricsPort == 0 ? nil : Endpoint.tcp(host: metricsHost, port: metricsPort)
        for (flag, endpoint) in [("--listen", listen), ("--acks", acks), ("--tap", tap), ("--metrics-port", status)] {
            guard let endpoint else { continue }
            if let other = taken.first(where: { $0.endpoint.excludes(endpoint) }) {
                throw SettingsError(flag, "\(endpoint) is where \(other.flag) listens already; give it another")
            }
            taken.append((flag, endpoint))
        }
    }
}
