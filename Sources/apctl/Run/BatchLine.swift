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
    func request(deadline: Int64) -> [UInt8] {
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

    /// What is wrong with a batch line that could not be converted; `nil` when nothing is.
    static func fault(in line: Bytes) -> String? {
        guard let members = JSONText.members(of: line) else { return nil }
        do throws(Invalid) {
            _ = try BatchLine(members)
            return nil
        } catch {
            return error.description
        }
    }

    /// The line's `custom_id`; empty when it has none that is a string.
    static func customID(of line: Bytes) -> String {
        JSONText.members(of: line)?.last { $0.key == "custom_id" }.flatMap { JSONText.string($0.value) } ?? ""
    }
}
