import Foundation
import Testing

/// What can be said of the dashboard without a Prometheus.
struct DashboardTests {
    @Test
    func hasARowForThePipelineAndOneForEachStage() throws {
        let rows = try Dashboard.read().rows
        #expect(rows.map(\.title) == ["Pipeline", "Ingest", "Dispatch", "Retry", "Emit"])
        for row in rows {
            #expect(row.panels.count >= 8, "\(row.title)")
            #expect(Set(row.panels.map(\.title)).count == row.panels.count, "\(row.title) has a title twice")
        }
    }

    @Test
    func givesEachPanelAPlaceOfItsOwnAndAWordOfExplanation() throws {
        let panels = try Dashboard.read().panels
        #expect(Set(panels.map(\.id)).count == panels.count)
        for (index, panel) in panels.enumerated() {
            #expect(panel.gridPos.x >= 0 && panel.gridPos.x + panel.gridPos.w <= 24, "\(panel.title)")
            let covered = panels[(index + 1)...].filter { $0.gridPos.overlaps(panel.gridPos) }
            #expect(covered.isEmpty, "\(panel.title) is where \(covered.map(\.title)) are")
            guard panel.type != "row" else { continue }
            #expect(panel.description?.hasSuffix(".") == true, "\(panel.title)")
            #expect(panel.datasource?.uid == "${datasource}", "\(panel.title)")
            #expect(panel.targets?.isEmpty == false, "\(panel.title)")
        }
    }

    /// A dashboard that forgets to filter shows another deployment's figures.
    @Test
    func filtersByEachVariableThatItOffers() throws {
        let dashboard = try Dashboard.read()
        let variables = dashboard.templating.list
        #expect(variables.map(\.name) == ["datasource", "namespace", "job", "queue"])
        #expect(variables.dropFirst().allSatisfy { $0.type == "query" && $0.allValue == ".*" })
        for panel in dashboard.panels {
            for expression in (panel.targets ?? []).map(\.expr) {
                for selector in expression.matches(of: /[a-z_]+\{[^}]*\}|\b(async_processor|llm_d_async)_[a-z_]+\b/) {
                    let text = selector.0
                    #expect(text.contains(#"namespace=~"$namespace""#), "\(panel.title): \(text)")
                    guard !text.hasPrefix("ALERTS") else { continue }
                    #expect(text.contains(#"job=~"$job""#), "\(panel.title): \(text)")
                }
                let used = expression.matches(of: /\$([a-z_]+)/).map { String($0.1) }
                #expect(Set(used).isSubset(of: ["namespace", "job", "queue", "__rate_interval"]), "\(panel.title)")
            }
        }
    }

    @Test
    func namesOnlyMetricsThatThereAre() throws {
        let page = try String(contentsOf: Dashboard.root.appending(path: "docs/operations.md"), encoding: .utf8)
        let rows = page.split(separator: "\n").filter { $0.hasPrefix("| `") }.joined()
        for panel in try Dashboard.read().panels {
            for target in panel.targets ?? [] {
                for name in target.expr.matches(of: /\b(?:async_processor|llm_d_async|process)_[a-z_]+/).map(\.0) {
                    let metric = name.hasSuffix("_bucket") ? name.dropLast("_bucket".count) : name
                    #expect(rows.contains("`\(metric)`"), "\(panel.title) names \(name)")
                }
            }
        }
    }
}
