import GatewaySimulator
import Messages

/// The first results of a run for people to read.
struct ResultTable: Equatable {
    struct Row: Equatable {
        var id: String
        var status: String
        var text: String
    }

    private var rows: [Row] = []

    static let limit = 20

    /// Reads the first lines of an output file.
    init(path: String) throws {
        let reader = try LineReader(path: path)
        while rows.count < Self.limit, let line = try reader.next() {
            if let row = Self.row(line) { rows.append(row) }
        }
    }

    init(_ rows: [Row]) { self.rows = rows }

    /// Columns separated by two spaces; no line is longer than `columns` characters.
    func text(columns: Int) -> String {
        let header = Row(id: "id", status: "status", text: "text")
        let idWidth = min(40, (rows.map(\.id.count) + [header.id.count]).max() ?? 0)
        let statusWidth = (rows.map(\.status.count) + [header.status.count]).max() ?? 0
        let textWidth = max(10, columns - idWidth - statusWidth - 4)
        return ([header] + rows).map { row in
            let cells = [Self.fit(row.id, idWidth), Self.fit(row.status, statusWidth)]
            return cells.joined(separator: "  ") + "  " + Self.cut(row.text, textWidth) + "\n"
        }.joined()
    }

    /// One line of the output, in either format; `nil` when it is neither.
    static func row(_ line: Bytes) -> Row? {
        guard let members = JSONText.members(of: line) else { return nil }
        func value(_ key: String) -> Bytes? { members.last { $0.key == key }?.value }
        guard let customID = value("custom_id") else {
            guard let outcome = Outcome(line) else { return nil }
            let status = outcome.errorCode ?? outcome.statusCode.map { "\($0)" } ?? "200"
            return Row(
                id: outcome.id, status: status, text: outcome.errorMessage ?? said(Array(outcome.payload.utf8)[...]))
        }
        let id = JSONText.string(customID) ?? ""
        if let error = value("error").flatMap({ JSONText.members(of: $0) }) {
            let field = { (key: String) in error.last { $0.key == key }.flatMap { JSONText.string($0.value) } ?? "" }
            return Row(id: id, status: field("code"), text: field("message"))
        }
        let response = value("response").flatMap { JSONText.members(of: $0) } ?? []
        let status = response.last { $0.key == "status_code" }.map { String(decoding: $0.value, as: UTF8.self) } ?? ""
        return Row(id: id, status: status, text: said(response.last { $0.key == "body" }?.value ?? []))
    }

    /// What a model said in an OpenAI-style answer; the answer itself when it is none.
    private static func said(_ body: Bytes) -> String {
        func member(_ key: String, of value: Bytes?) -> Bytes? {
            value.flatMap { JSONText.members(of: $0) }?.last { $0.key == key }?.value
        }
        func first(_ value: Bytes?) -> Bytes? { value.flatMap { JSONText.elements(of: $0) }?.first }
        let choice = first(member("choices", of: body))
        let text = member("text", of: choice) ?? member("content", of: member("message", of: choice))
        if let text, let said = JSONText.string(text) { return said }
        if let embedding = member("embedding", of: first(member("data", of: body))) {
            return "\(JSONText.elements(of: embedding)?.count ?? 0) numbers"
        }
        return String(decoding: body, as: UTF8.self)
    }

    private static func fit(_ text: String, _ width: Int) -> String {
        let cut = cut(text, width)
        return cut + String(repeating: " ", count: max(0, width - cut.count))
    }

    /// On one line, with `…` where something is missing.
    private static func cut(_ text: String, _ width: Int) -> String {
        let line = text.onOneLine
        return line.count <= width ? line : line.prefix(max(0, width - 1)) + "…"
    }
}
