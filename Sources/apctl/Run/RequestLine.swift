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

    /// Why a line is answered here and never sent.
    struct Refusal: Equatable {
        var id: String
        var reason: String
    }

    var format: Format
    /// What goes on the queue.
    ///
    /// A line that is no request goes there as it is: the pipeline says what is wrong with it.
    var request: [UInt8]
    var refusal: Refusal?

    /// - Parameters:
    ///   - deadline: Unix seconds, for requests that name none.
    ///   - previous: the format of the line before, which one that cannot be read is taken to have.
    ///   - gateway: for which the endpoint is found; `nil` leaves what the line says.
    init(_ line: Bytes, deadline: Int64, after previous: Format = .request, gateway: GatewayAddress? = nil) {
        guard let members = JSONText.members(of: line) else {
            self.init(format: Self.format(ofUnreadable: line, after: previous), request: Array(line))
            return
        }
        let isBatch = Self.isBatch(members)
        let body = members.last { $0.key == (isBatch ? "body" : "payload") }.flatMap { JSONText.members(of: $0.value) }
        let streams = body?.last { $0.key == "stream" }?.value.elementsEqual("true".utf8) ?? false
        var fault = streams ? "stream is true: an answer in pieces fits no line of a file; leave it out" : nil
        if isBatch {
            self.init(format: .batch, request: Array(line))
            do throws(BatchLine.Invalid) {
                request = try BatchLine(members).request(deadline: deadline, gateway: gateway)
            } catch {
                fault = error.description
            }
        } else {
            let line = gateway.map { Self.withEndpoint(line, members, body ?? [], $0) } ?? line
            self.init(format: .request, request: Self.withDeadline(line, members, deadline))
        }
        // Without an id it goes to the pipeline, which puts it aside.
        if let fault, let id = Self.id(members) { refusal = Refusal(id: id, reason: fault) }
    }

    private init(format: Format, request: [UInt8]) {
        self.format = format
        self.request = request
    }

    /// The id of a line, by which its result is known; `nil` when it has none.
    static func id(of line: Bytes) -> String? { JSONText.members(of: line).flatMap { id($0) } }

    private static func id(_ members: [JSONText.Member]) -> String? {
        let name = isBatch(members) ? "custom_id" : "id"
        let id = members.last { $0.key == name }.flatMap { JSONText.string($0.value) }
        return id?.isEmpty == true ? nil : id
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
}

// What is put into a request of the queues, whose other bytes all stay as they are.
extension RequestLine {
    /// Inserts the deadline behind the opening brace.
    ///
    /// The tagged envelope (`request_kind`, `data`) keeps its deadline inside `data` and is left alone.
    private static func withDeadline(_ line: Bytes, _ members: [JSONText.Member], _ deadline: Int64) -> [UInt8] {
        if members.contains(where: { $0.key == "deadline" || $0.key == "request_kind" }) { return Array(line) }
        return Array(insert("\"deadline\":\(deadline)", into: line, isAlone: members.isEmpty))
    }

    /// Puts the path that `gateway` has for the request into the place of its `endpoint`, or behind the opening brace.
    ///
    /// The tagged envelope keeps its endpoint inside `data` and is left alone.
    private static func withEndpoint(
        _ line: Bytes, _ members: [JSONText.Member], _ body: [JSONText.Member], _ gateway: GatewayAddress
    ) -> Bytes {
        if members.contains(where: { $0.key == "request_kind" }) { return line }
        let given = members.last { $0.key == "endpoint" }?.value
        let named = given.flatMap { JSONText.string($0) }.flatMap { $0.isEmpty ? nil : $0 }
        let path =
            named.map { gateway.path(for: $0) }
            ?? gateway.path(forBodyWith: { name in body.contains { $0.key == name } })
        guard let path, path != named else { return line }
        let text = JSONText.literal(path)
        guard let given else { return insert("\"endpoint\":\(text)", into: line, isAlone: members.isEmpty) }
        return line[..<given.startIndex] + Array(text.utf8) + line[given.endIndex...]
    }

    private static func insert(_ member: String, into line: Bytes, isAlone: Bool) -> Bytes {
        guard let brace = line.firstIndex(of: UInt8(ascii: "{")) else { return line }
        return line[...brace] + Array("\(member)\(isAlone ? "" : ",")".utf8) + line[(brace + 1)...]
    }
}
