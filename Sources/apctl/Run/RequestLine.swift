import GatewaySimulator
import Messages

/// One line of the input, and the request that is put on the queue for it.
struct RequestLine: Equatable {
    /// In what format its answer is written.
    enum Format: Equatable {
        /// The request format of the queues; answered with the result as the pipeline wrote it.
        case request
        /// A line of OpenAI's batch format, answered in that format.
        case batch
    }

    var format: Format
    /// What goes on the queue.
    ///
    /// A line that is no request goes there as it is: the pipeline says what is wrong with it.
    var request: [UInt8]

    /// - Parameters:
    ///   - deadline: Unix seconds, for requests that name none.
    ///   - previous: the format of the line before, which one that cannot be read is taken to have.
    init(_ line: Bytes, deadline: Int64, after previous: Format = .request) {
        guard let members = JSONText.members(of: line) else {
            self.init(format: Self.format(ofUnreadable: line, after: previous), request: Array(line))
            return
        }
        if Self.isBatch(members) {
            let converted = try? BatchLine(members).request(deadline: deadline)
            self.init(format: .batch, request: converted ?? Array(line))
        } else {
            self.init(format: .request, request: Self.withDeadline(line, members, deadline))
        }
    }

    private init(format: Format, request: [UInt8]) {
        self.format = format
        self.request = request
    }

    /// The format alone, as `init` finds it.
    static func format(of line: Bytes, after previous: Format) -> Format {
        guard let members = JSONText.members(of: line) else { return format(ofUnreadable: line, after: previous) }
        return isBatch(members) ? .batch : .request
    }

    /// The format of the first line among `lines` that can be read, a hundred at most; where none can, the one that they
    /// were meant to have.
    static func format(ofFirstIn lines: LineReader) throws(RunError) -> Format {
        var format = Format.request
        for _ in 0..<100 {
            guard let line = try lines.next() else { break }
            if let members = JSONText.members(of: line) { return isBatch(members) ? .batch : .request }
            format = self.format(ofUnreadable: line, after: format)
        }
        return format
    }

    private static func format(ofUnreadable line: Bytes, after previous: Format) -> Format {
        BatchLine.isNamed(in: line) ? .batch : previous
    }

    private static func isBatch(_ members: [JSONText.Member]) -> Bool {
        func has(_ key: String) -> Bool { members.contains { $0.key == key } }
        guard has("custom_id") else { return false }
        // A request of the queues may have a field of that name, and a batch line one that is called `id`.
        return !has("id") || (!has("payload") && (has("body") || has("url")))
    }

    /// Inserts the deadline behind the opening brace: all other bytes stay as they are.
    ///
    /// The tagged envelope (`request_kind`, `data`) keeps its deadline inside `data` and is left alone.
    private static func withDeadline(_ line: Bytes, _ members: [JSONText.Member], _ deadline: Int64) -> [UInt8] {
        guard !members.contains(where: { $0.key == "deadline" || $0.key == "request_kind" }),
            let brace = line.firstIndex(of: UInt8(ascii: "{"))
        else { return Array(line) }
        let text = "\"deadline\":\(deadline)\(members.isEmpty ? "" : ",")"
        return Array(line[...brace]) + Array(text.utf8) + Array(line[(brace + 1)...])
    }
}
