import Foundation

/// The dashboard of deploy/observability, as far as tests look at it.
struct Dashboard: Decodable {
    struct Panel: Decodable {
        let id: Int
        let type: String
        let title: String
        let description: String?
        let gridPos: Place
        let datasource: Source?
        let targets: [Target]?
    }

    /// Columns and lines; there are 24 columns.
    struct Place: Decodable {
        let x, y, w, h: Int

        func overlaps(_ other: Place) -> Bool {
            x < other.x + other.w && other.x < x + w && y < other.y + other.h && other.y < y + h
        }
    }

    struct Source: Decodable {
        let type: String
        let uid: String
    }

    struct Target: Decodable {
        let refId: String
        let expr: String
        let legendFormat: String
    }

    struct Templating: Decodable {
        let list: [Variable]
    }

    struct Variable: Decodable {
        let name: String
        let type: String
        let allValue: String?
    }

    let title: String
    let uid: String
    let templating: Templating
    let panels: [Panel]

    static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized

    static func read() throws -> Dashboard {
        let file = root.appending(path: "deploy/observability/dashboard.json")
        return try JSONDecoder().decode(Dashboard.self, from: Data(contentsOf: file))
    }

    /// The rows with what stands below each.
    var rows: [(title: String, panels: [Panel])] {
        panels.reduce(into: []) { rows, panel in
            if panel.type == "row" {
                rows.append((panel.title, []))
            } else if !rows.isEmpty {
                rows[rows.count - 1].panels.append(panel)
            }
        }
    }

    /// An expression as Grafana asks it when all values of all variables are chosen.
    static func expanded(_ expression: String) -> String {
        ["$__rate_interval": "10s", "$namespace": ".*", "$job": ".*", "$queue": ".*"].reduce(expression) {
            $0.replacing($1.key, with: $1.value)
        }
    }
}
