package import Messages

/// A request as it is kept in Redis: the producer's document, and what the queue knows about it.
///
/// llm-d-async reads the same:
/// ```
/// {"internal":{"retry_count":2,"request_queue_name":"q","transport_correlation_id":"<claim id>"<, more>},
///  "request_kind":"redis","data":<the producer's bytes>}
/// ```
/// without the line break. `retry_count` always comes first, so that a script replaces it as text. A tagged envelope of
/// the producer keeps its other `internal` members and its kind. What is no JSON object is kept as
/// `"request_kind":"raw","data":"<base64>"`. The claim id also makes two identical messages two members of a set.
package struct StoredEntry: Sendable, Equatable {
    private enum Content: Sendable, Equatable {
        /// The whole document.
        case flat(Bytes)
        /// `data`, other members of `internal` with their commas, kind.
        case tagged(Bytes, more: [UInt8], kind: [UInt8])
        /// No JSON object, or one that says it is an envelope and is none.
        case raw(Bytes)
    }

    package var retryCount: Int
    /// Empty in an entry that somebody else wrote.
    package var claim: String
    private var content: Content

    /// Reads what a producer published, or what another program put into the retry set.
    package init(document: Bytes) {
        retryCount = 0
        claim = ""
        content = .raw(document)
        guard let object = JSONObject(document) else { return }
        guard let kind = object["request_kind"] else {
            retryCount = Self.count(object["retry_count"])
            content = .flat(document)
            return
        }
        guard Self.kinds.contains(Array(kind)), let data = object["data"] else { return }
        let internals = object["internal"].flatMap { JSONObject($0) }?.members ?? []
        var more: [UInt8] = []
        for member in internals {
            switch String(decoding: member.name, as: UTF8.self) {
            case "retry_count": retryCount = Self.count(member.value)
            case "request_queue_name", "transport_correlation_id": break
            default: more += Array(",\"".utf8) + member.name + Array("\":".utf8) + member.value
            }
        }
        content = .tagged(data, more: more, kind: Array(kind))
    }

    /// Reads an entry of the retry set or of the claims, whoever wrote it.
    package init(stored: Bytes) {
        self.init(document: stored)
        let object = JSONObject(stored)
        if case .tagged(let data, let more, let kind) = content {
            let name = object?["internal"].flatMap { JSONObject($0)?["transport_correlation_id"] }
            claim = String(decoding: (name ?? []).dropFirst().dropLast(), as: UTF8.self)
            if more.isEmpty, kind == Self.redis { content = .flat(Self.withSpace(data, in: stored)) }
        } else if let object, object["request_kind"]?.elementsEqual(Self.rawKind) == true,
            let inside = object["internal"].flatMap({ JSONObject($0) }), let text = object["data"],
            let bytes = Base64.decode(text.dropFirst().dropLast())
        {
            claim = String(decoding: (inside["transport_correlation_id"] ?? []).dropFirst().dropLast(), as: UTF8.self)
            retryCount = Self.count(inside["retry_count"])
            content = .raw(bytes[...])
        }
    }

    /// The document as the producer wrote it; of a tagged envelope the same members, written by us.
    ///
    /// - Parameter queue: The queue's name as a JSON string.
    package func document(queue: [UInt8]) -> Bytes {
        switch content {
        case .flat(let bytes), .raw(let bytes): bytes
        case .tagged: bytes(queue: queue)[...]
        }
    }

    /// What is stored.
    ///
    /// - Parameter queue: The queue's name as a JSON string.
    package func bytes(queue: [UInt8]) -> [UInt8] {
        var bytes = Array("{\"internal\":{\"retry_count\":\(retryCount),\"request_queue_name\":".utf8)
        bytes += queue
        bytes += Array(",\"transport_correlation_id\":\"\(claim)\"".utf8)
        if case .tagged(_, let more, _) = content { bytes += more }
        bytes += Array("},\"request_kind\":".utf8)
        switch content {
        case .flat(let data):
            bytes += Self.redis + Self.dataName + data
        case .tagged(let data, _, let kind):
            bytes += kind + Self.dataName + data
        case .raw(let data):
            bytes += Self.rawKind + Self.dataName + [UInt8(ascii: "\"")]
            Base64.append(data, to: &bytes)
            bytes.append(UInt8(ascii: "\""))
        }
        return bytes + [UInt8(ascii: "}")]
    }

    /// `data` with the white space the producer put around it, when nothing follows but the closing brace.
    private static func withSpace(_ data: Bytes, in stored: Bytes) -> Bytes {
        let isSpace: (UInt8) -> Bool = { $0 <= 0x20 }
        guard stored.last == UInt8(ascii: "}"), stored[data.endIndex...].dropLast().allSatisfy(isSpace) else {
            return data
        }
        let start = stored[..<data.startIndex].lastIndex { !isSpace($0) } ?? stored.startIndex
        return stored[(start + 1)..<(stored.endIndex - 1)]
    }

    private static let redis = Array("\"redis\"".utf8)
    private static let rawKind = Array("\"raw\"".utf8)
    private static let kinds = ["\"redis\"", "\"plain\"", "\"pubsub\""].map { Array($0.utf8) }
    private static let dataName = Array(",\"data\":".utf8)

    private static func count(_ value: Bytes?) -> Int {
        max(0, value.flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0)
    }
}
