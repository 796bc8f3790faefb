/// The fields of a request as far as they have been read: of a flat message, or of an envelope's `data`.
struct RequestFields {
    /// Fields by the names they are known under.
    enum Name: String, CaseIterable {
        case id, deadline, payload, metadata, headers, endpoint
        case retryCount = "retry_count"
    }

    static let known = KnownFields<Name>()

    /// A payload that is there, and has a right type.
    enum Payload {
        /// And the text of its `model`, if it has one.
        case object(Bytes, model: String?)
        /// Text of a string, which should be base64.
        case text(Bytes)
    }

    var id: String?
    var deadline: Int64?
    var payload: Payload?
    var metadata: [HeaderField] = []
    var headers: [HeaderField] = []
    var endpoint: String?
    var retryCount: Int64?
    /// The first field that was of a wrong type.
    var problem = FieldProblem()

    /// Reads the value of a field; the scanner stands after the name.
    mutating func read(_ name: Name, from scanner: inout JSONScanner, depth: Int) throws(JSONError) {
        switch name {
        case .id: id = try scanner.readString(name.rawValue, &problem) ?? id
        case .deadline: deadline = try scanner.readInteger(name.rawValue, orText: true, &problem) ?? deadline
        case .payload: payload = try readPayload(from: &scanner, depth: depth) ?? payload
        case .metadata: metadata = try scanner.readStrings(name.rawValue, depth: depth, &problem) ?? metadata
        case .headers:
            headers = try scanner.readStrings(name.rawValue, exactly: true, depth: depth, &problem) ?? headers
        case .endpoint: endpoint = try scanner.readString(name.rawValue, &problem) ?? endpoint
        case .retryCount: retryCount = try scanner.readInteger(name.rawValue, orText: false, &problem) ?? retryCount
        }
    }

    private mutating func readPayload(from scanner: inout JSONScanner, depth: Int) throws(JSONError) -> Payload? {
        let kind = try scanner.nextKind()
        switch kind {
        case .object:
            let object = try scanner.skipObject(depth: depth, textOf: "model")
            return .object(scanner.bytes[object.range], model: scanner.model(object.text))
        case .string: return .text(scanner.contents(of: try scanner.readString()))
        default:
            try scanner.skipMismatch("payload", "an object or a base64 string", &problem)
            return nil
        }
    }
}

extension JSONScanner {
    /// What a payload's `model` names, if that can be a name: it stands in the names of pools, for people too.
    func model(_ token: JSONToken?) -> String? {
        guard let token, token.range.count <= 6 * RequestLimits.maxModel, let text = exactText(of: token) else {
            return nil
        }
        let isName =
            (1...RequestLimits.maxModel).contains(text.utf8.count) && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
        return isName ? text : nil
    }
}

/// The fields of an envelope's `internal`.
struct RoutingFields {
    enum Name: String, CaseIterable {
        case retryCount = "retry_count"
        case requestToken = "request_token"
        case queueID = "queue_id"
        case requestQueueName = "request_queue_name"
        case resultQueueName = "result_queue_name"
        case labels
    }

    static let known = KnownFields<Name>()

    var routing = Routing()
    var retryCount: Int64?
    var problem = FieldProblem()

    mutating func read(_ name: Name, from scanner: inout JSONScanner, depth: Int) throws(JSONError) {
        switch name {
        case .retryCount:
            retryCount = try scanner.readInteger("internal.\(name.rawValue)", orText: false, &problem) ?? retryCount
        case .requestToken:
            routing.requestToken = try scanner.readString("internal.\(name.rawValue)", &problem) ?? routing.requestToken
        case .queueID:
            routing.queueID = try scanner.readString("internal.\(name.rawValue)", &problem) ?? routing.queueID
        case .requestQueueName:
            routing.requestQueueName =
                try scanner.readString("internal.\(name.rawValue)", &problem) ?? routing.requestQueueName
        case .resultQueueName:
            routing.resultQueueName =
                try scanner.readString("internal.\(name.rawValue)", &problem) ?? routing.resultQueueName
        case .labels:
            guard let labels = try scanner.readStrings("internal.\(name.rawValue)", depth: depth, &problem) else {
                return
            }
            routing.labels = Dictionary(labels)
        }
    }
}

extension [String: String] {
    /// Of fields with the same name the last one stays.
    init(_ fields: [HeaderField]) {
        self.init(fields.lazy.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    }
}
