import GatewaySimulator
import Messages

/// One request in OpenAI's batch format: `custom_id`, `method`, `url`, `body`.
///
/// The values are pieces of the line, so that the body reaches the gateway byte for byte.
struct BatchLine: Equatable {
    var id: Bytes
    var url: Bytes
    var body: Bytes

    /// Which field is not as it should be.
    struct Invalid: Error, Equatable, CustomStringConvertible {
        var description: String
    }

    init(_ members: [JSONText.Member]) throws(Invalid) {
        func value(_ key: String) -> Bytes? { members.last { $0.key == key }?.value }
        guard let id = value("custom_id"), let text = JSONText.string(id), !text.isEmpty else {
            throw Invalid(description: "custom_id must be a string that is not empty")
        }
        if let method = value("method"), JSONText.string(method) != "POST" {
            throw Invalid(description: "method must be \"POST\"")
        }
        guard let url = value("url"), let path = JSONText.string(url), path.hasPrefix("/") else {
            throw Invalid(description: "url must be a path such as \"/v1/chat/completions\"")
        }
        guard let body = value("body"), body.first == UInt8(ascii: "{") else {
            throw Invalid(description: "body must be an object")
        }
        self.id = id
        self.url = url
        self.body = body
    }

    /// The same in the request format of the queues.
    ///
    /// - Parameter gateway: whose paths the `url` is combined with; `nil` takes it as it is.
    func request(deadline: Int64, gateway: GatewayAddress? = nil) -> [UInt8] {
        var url = url
        if let gateway, let path = JSONText.string(url) {
            let combined = gateway.path(for: path)
            if combined != path { url = Array(JSONText.literal(combined).utf8)[...] }
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(body.count + id.count + url.count + 80)
        bytes += Array("{\"id\":".utf8)
        bytes += id
        bytes += Array(",\"deadline\":\(deadline),\"endpoint\":".utf8)
        bytes += url
        bytes += Array(",\"payload\":".utf8)
        bytes += body
        bytes += Array("}".utf8)
        return bytes
    }

    /// What is wrong with a batch line that could not be converted; `nil` when nothing is, or it cannot be read at all.
    static func fault(in line: Bytes) -> String? {
        guard let members = JSONText.members(of: line), members.contains(where: { $0.key == "custom_id" }) else {
            return nil
        }
        do throws(Invalid) {
            _ = try BatchLine(members)
            return nil
        } catch {
            return error.description
        }
    }

    /// The `custom_id` of a line, or the `id` of the request that was made of it, as it was written: a JSON string or
    /// number; `nil` when there is none.
    ///
    /// Also of a line that cannot be read, as far as it can be seen where the id begins and ends.
    static func customID(of line: Bytes) -> Bytes? {
        if let members = JSONText.members(of: line) {
            let found = members.last { $0.key == "custom_id" } ?? members.last { $0.key == "id" }
            return found.flatMap { scalar($0.value) }
        }
        guard let name = line.firstRange(of: Array("\"custom_id\"".utf8)) else { return nil }
        let colon = line[name.upperBound...].drop(while: isBlank)
        guard colon.first == UInt8(ascii: ":") else { return nil }
        return scalar(colon.dropFirst().drop(while: isBlank))
    }

    /// Whether a line that cannot be read was meant for this format.
    static func isNamed(in line: Bytes) -> Bool { line.firstRange(of: Array("\"custom_id\"".utf8)) != nil }

    /// The string or number that `text` begins with, if it can be part of a JSON text.
    private static func scalar(_ text: Bytes) -> Bytes? {
        var scanner = JSONScanner(text)
        guard let kind = try? scanner.nextKind(), kind == .string || kind == .number,
            let range = try? scanner.skipValue()
        else { return nil }
        return (try? UTF8Span(validating: text[range].span)) == nil ? nil : text[range]
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
}
