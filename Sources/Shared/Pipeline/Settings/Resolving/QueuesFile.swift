import Foundation
import GateRules
import Queue

/// A file that describes several queues, as llm-d-async's transport documents do.
///
/// The whole document or, as in older versions, the bare list of its queues. Keys match whatever their case; fields
/// that mean nothing here are ignored.
struct QueuesFile: Equatable {
    let name: String
    var url: String?
    var retryQueue: String?
    var resultQueue: String?
    var project: String?
    var queues: [QueueDraft] = []
    /// Fields that ask for something this program does not do.
    var warnings: [String] = []

    /// - Parameters:
    ///   - name: The flag and the file, for messages.
    ///   - gates: what gates may refer to; the pool is that of queues that name none.
    init(
        _ data: Data, for server: QueueServer, name: String, gates: GateReader
    ) throws(SettingsError) {
        guard let document = try? JSONSerialization.jsonObject(with: data) else {
            throw SettingsError(name, "is not JSON")
        }
        if let doubled = DoubledName.find(in: Array(data)[...]) {
            throw SettingsError("\(name): \(doubled)", "stands there twice")
        }
        self.name = name
        let isGoogle = server == .googlePubSub
        let listName = isGoogle ? "topics" : "queues"
        let top = JSONFields(document as? [String: Any] ?? [listName: document], at: name, isTop: true)
        url = try top.text("url")
        retryQueue = try top.text("retry_queue_name")
        resultQueue = try top.text(isGoogle ? "result_topic_id" : "result_queue_name")
        project = try top.text("project_id")
        for fields in try top.objects(listName) {
            var draft = try Self.draft(fields, nameField: isGoogle ? "subscriber_id" : "queue_name")
            draft.gate = try fields.gate(
                GateReader(hasPrometheus: gates.hasPrometheus, poolID: draft.pool ?? gates.poolID))
            if isGoogle, GatePlan(draft.gate).judgesEach {
                throw SettingsError(
                    fields.path("gate_type"),
                    "\(draft.gate.typeName) gives requests back one by one, which Pub/Sub counts as attempts; set it on a pool, or use another kind of queue"
                )
            }
            queues.append(draft)
            if try fields.text("result_topic_id") != nil {
                warnings.append("\(fields.path("result_topic_id")) has no effect in this version")
            }
        }
        if queues.isEmpty { throw SettingsError(top.path(listName), "needs at least one entry") }
    }

    private static func draft(_ fields: JSONFields, nameField: String) throws(SettingsError) -> QueueDraft {
        var draft = QueueDraft(subject: fields.path(nameField), gatewaySubject: fields.path("igw_base_url"))
        draft.id = try fields.text("id")
        draft.name = try fields.text(nameField)
        draft.resultQueue = try fields.text("result_queue_name")
        draft.gatewayBase = try fields.text("igw_base_url")
        draft.gatewayPath = try fields.text("request_path_url")
        draft.objective = try fields.text("inference_objective")
        draft.pool = try fields.text("worker_pool_id")
        draft.poolSubject = fields.path("worker_pool_id")
        draft.objectiveSubject = fields.path("inference_objective")
        draft.labels = try fields.texts("labels")
        if draft.name == nil { throw SettingsError(draft.subject, "is missing") }
        return draft
    }
}

/// A JSON object and where it stands in its document.
struct JSONFields {
    private let values: [String: Any]
    private let place: String
    private let isTop: Bool

    /// - Parameter isTop: Whether it is the document, and `place` the file's name.
    init(_ values: [String: Any], at place: String, isTop: Bool = false) {
        self.values = values
        self.place = place
        self.isTop = isTop
    }

    /// Such as `queues.json: queues[1].queue_name`.
    func path(_ name: String) -> String { isTop ? "\(place): \(name)" : "\(place).\(name)" }

    /// A string; `nil` when it is absent, null or empty.
    func text(_ name: String) throws(SettingsError) -> String? {
        guard let value = value(name) else { return nil }
        guard let text = value as? String else { throw SettingsError(path(name), "is not a string") }
        return text.isEmpty ? nil : text
    }

    /// An object of strings; empty when it is absent or null.
    func texts(_ name: String) throws(SettingsError) -> [String: String] {
        guard let value = value(name) else { return [:] }
        guard let texts = value as? [String: String] else {
            throw SettingsError(path(name), "is not an object of strings")
        }
        return texts
    }

    /// An object; `nil` when it is absent or null.
    func object(_ name: String) throws(SettingsError) -> JSONFields? {
        guard let value = value(name) else { return nil }
        guard let fields = value as? [String: Any] else { throw SettingsError(path(name), "is not an object") }
        return JSONFields(fields, at: path(name))
    }

    /// All names, in lower case.
    var names: [String] { values.keys.map { $0.lowercased() } }

    /// `gate_type` and `gate_params`.
    fileprivate func gate(_ reader: GateReader) throws(SettingsError) -> GateSettings {
        let parameters = value("gate_params").flatMap {
            try? JSONSerialization.data(withJSONObject: $0, options: .fragmentsAllowed)
        }
        let type = try text("gate_type")
        do throws(GateSettingsError) {
            return try reader.read(type: type, parameters: parameters.map { Array($0)[...] }, at: place)
        } catch {
            throw SettingsError(error)
        }
    }

    /// A list of objects; empty when it is absent or null.
    func objects(_ name: String) throws(SettingsError) -> [JSONFields] {
        guard let value = value(name) else { return [] }
        guard let list = value as? [Any] else { throw SettingsError(path(name), "is not a list") }
        var objects: [JSONFields] = []
        for (index, item) in list.enumerated() {
            let place = "\(path(name))[\(index)]"
            guard let fields = item as? [String: Any] else { throw SettingsError(place, "is not an object") }
            objects.append(JSONFields(fields, at: place))
        }
        return objects
    }

    private func value(_ name: String) -> Any? {
        let value = values[name] ?? values.first { $0.key.lowercased() == name }?.value
        return value is NSNull ? nil : value
    }
}
