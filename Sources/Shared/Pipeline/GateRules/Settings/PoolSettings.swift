package import Messages

/// One pool of the pools file.
package struct PoolSettings: Sendable, Equatable {
    package var id: String
    /// The most requests of this pool that one process has at its gateway at once; at least 1.
    package var workers: Int
    package var gate: GateSettings

    package init(id: String, workers: Int, gate: GateSettings = .constant) {
        self.id = id
        self.workers = workers
        self.gate = gate
    }

    /// What looks like the address of a gateway, and is none; `nil` if nothing does.
    package var warning: String? {
        guard !id.contains("://"), let colon = id.lastIndex(of: ":"), colon > id.startIndex,
            let port = Int(id[id.index(after: colon)...]), (1...65535).contains(port)
        else { return nil }
        return "pool \(id): the address of a gateway has a scheme, such as http://\(id); without one it is for queues "
            + "whose worker_pool_id is \(id), and for no others"
    }

    /// Reads `[{"id": …, "workers": …, "gate_type": …, "gate_params": …}]`.
    ///
    /// Names match whatever their case, as in llm-d-async; there is at least one pool, and no two have the same id.
    /// - Parameters:
    ///   - file: its name, for messages.
    ///   - hasPrometheus: whether there is a `--prometheus-url`.
    package static func read(
        _ text: Bytes, file: String, hasPrometheus: Bool
    ) throws(GateSettingsError) -> [PoolSettings] {
        let document: SettingsValue
        do throws(JSONError) { document = try SettingsValue(text) } catch {
            throw GateSettingsError(file, "is not JSON: \(error)")
        }
        guard case .array(let entries) = document, !entries.isEmpty else {
            throw GateSettingsError(
                file, "expected a list of pools, such as [{\"id\": \"default\", \"workers\": 64}]")
        }
        var pools: [PoolSettings] = []
        for (index, entry) in entries.enumerated() {
            let pool = try read(entry, at: "\(file): [\(index)]", hasPrometheus)
            guard !pools.contains(where: { ExactText($0.id) == ExactText(pool.id) }) else {
                throw GateSettingsError("\(file): [\(index)].id", "another pool is called \(pool.id), too")
            }
            pools.append(pool)
        }
        return pools
    }

    private static func read(
        _ entry: SettingsValue, at place: String, _ hasPrometheus: Bool
    ) throws(GateSettingsError) -> PoolSettings {
        guard case .object(let members) = entry else {
            throw GateSettingsError(place, "is \(entry.kind), expected an object")
        }
        let lowered = members.map { SettingsValue.Member(name: $0.name.lowercased(), value: $0.value) }
        var fields = try GateParameters(.object(lowered), at: place)
        let id = try fields.requiredText("id", "the name of a pool")
        // From here on the entry is called by its name, too.
        let named = "\(place) (\(id.prefix(100)))"
        fields = try GateParameters(.object(lowered), at: named)
        _ = try fields.text("id")
        let workers = try fields.requiredCount("workers")
        guard workers <= 1_000_000 else { throw fields.error("workers", "must be from 1 to 1000000") }
        let type = try fields.text("gate_type") ?? ""
        let parameters = try fields.object("gate_params") ?? .null
        try fields.finish("a pool")
        let reader = GateReader(hasPrometheus: hasPrometheus, poolID: id)
        return PoolSettings(
            id: id, workers: workers, gate: try reader.read(type: type, parameters, at: named, depth: 0))
    }
}
