/// What a server answered to one command.
package enum RedisReply: Sendable, Equatable {
    case string([UInt8])
    /// A short word such as `OK`.
    case status(String)
    case error(String)
    case integer(Int64)
    case array([RedisReply])
    case null

    /// The bytes of a string or a status.
    package var bytes: [UInt8]? {
        switch self {
        case .string(let bytes): bytes
        case .status(let text): Array(text.utf8)
        default: nil
        }
    }

    package var text: String? { bytes.map { String(decoding: $0, as: UTF8.self) } }

    /// An integer, also one written as a string.
    package var integer: Int64? {
        if case .integer(let number) = self { return number }
        return text.flatMap { Int64($0) }
    }

    package var array: [RedisReply]? {
        if case .array(let elements) = self { return elements }
        return nil
    }

    package var error: String? {
        if case .error(let reason) = self { return reason }
        return nil
    }

    /// Bytes of all strings in it.
    package var size: Int {
        switch self {
        case .string(let bytes): bytes.count
        case .status(let text), .error(let text): text.utf8.count
        case .array(let elements): elements.reduce(0) { $0 + $1.size }
        case .integer, .null: 0
        }
    }
}
