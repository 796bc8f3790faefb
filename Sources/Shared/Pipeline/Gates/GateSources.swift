import GateRules
import HTTP
import Loop
import Redis

/// Makes the questions that gates ask their sources.
@PipelineActor
struct GateSources {
    private let options: GateOptions
    private let servers: [String: GateRedis]
    private let quotas: [String: Quotas]
    private let client: HTTPClient
    private let prometheus: PrometheusSource?

    init(
        _ options: GateOptions, servers: [String: GateRedis], quotas: [String: Quotas]
    ) throws(GateSettingsError) {
        self.options = options
        self.servers = servers
        self.quotas = quotas
        do throws(HTTPError) {
            client = try HTTPClient(HTTPClientOptions(maxIdleConnections: 16, connectTimeout: options.timeout))
        } catch {
            throw GateSettingsError("gates", "\(error)")
        }
        let client = client
        prometheus = options.prometheusURL.map { PrometheusSource(client, url: $0, timeout: options.timeout) }
    }

    /// How often a source is asked: as options say; held places are kept in time, too.
    func interval(_ source: GateSource) -> Duration {
        if case .quotas = source { return min(options.interval, options.slotLife / 3) }
        return options.interval
    }

    func question(_ source: GateSource) throws(GateSettingsError) -> @PipelineActor () async -> GateNews {
        switch source {
        case .redis(let settings):
            guard let server = servers[settings.address] else { break }
            return { .reading(await server.budget(at: settings.key)) }
        case .lease(let settings):
            guard let server = servers[settings.address] else { break }
            return { .lease(await server.lease(settings)) }
        case .quotas(let address):
            guard let quotas = quotas[address] else { break }
            return { await quotas.poll() }
        case .query(let settings):
            let prometheus = try prometheus(settings.query)
            return { .reading(await prometheus.reading([("the query", settings.query)])) }
        case .saturation(let settings):
            let prometheus = try prometheus(settings.pool)
            return { .reading(await prometheus.reading([("the pool's saturation", PromQL.freePart(settings))])) }
        case .budget(let settings):
            let prometheus = try prometheus(settings.pool)
            return { .reading(await budget(settings, prometheus)) }
        case .scrape(let settings):
            let scrape = ScrapeSource(client, settings, timeout: options.timeout)
            return { .reading(await scrape.reading()) }
        }
        return { .reading(.pending) }
    }

    private func prometheus(_ what: String) throws(GateSettingsError) -> PrometheusSource {
        guard let prometheus else {
            throw GateSettingsError("--prometheus-url", "is not set, and a gate asks for \(what)")
        }
        return prometheus
    }
}

/// The free part of a pool, and how many requests it holds.
@PipelineActor
private func budget(_ settings: PrometheusBudgetSettings, _ prometheus: PrometheusSource) async -> GateReading {
    let reading = await prometheus.reading(PromQL.freeParts(settings))
    guard case .value(let free, _, let name) = reading,
        let pods = await prometheus.number(PromQL.readyPods(settings)), pods > 0
    else { return reading }
    return .value(free, capacity: pods * settings.maxConcurrency, from: name)
}
