import Messages
import Tracing

extension EndedSpan {
    /// Bytes that it takes, about, while it waits and when it is sent.
    ///
    /// Those of its texts, and a fixed number for what is around each.
    var size: Int {
        var size = 128 + name.utf8.count + trace.state.utf8.count + attributes.size
        for event in events { size += 32 + event.name.utf8.count + event.attributes.size }
        for link in links { size += 32 + (link.context.trace?.state.utf8.count ?? 0) + link.attributes.size }
        return size + (status?.message?.utf8.count ?? 0)
    }
}

extension SpanAttributes {
    fileprivate var size: Int {
        var size = 0
        forEach { name, value in size += 16 + name.utf8.count + value.size }
        return size
    }
}

extension SpanAttribute {
    fileprivate var size: Int {
        switch self {
        case .string(let text): text.utf8.count
        case .stringArray(let texts): texts.reduce(0) { $0 + 16 + $1.utf8.count }
        case .int32Array(let numbers): numbers.count * 16
        case .int64Array(let numbers): numbers.count * 16
        case .doubleArray(let numbers): numbers.count * 16
        case .boolArray(let values): values.count * 16
        case .stringConvertible(let value): "\(value)".utf8.count
        case .stringConvertibleArray(let values): values.reduce(0) { $0 + 16 + "\($1)".utf8.count }
        default: 16
        }
    }
}
