import Foundation
import Glibc
import Processes
import Testing

extension EndToEnd {
    /// The table in docs/gateways.md is what its script says.
    struct GatewayFaultsTests {
        private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()

        /// Of a row: the fault, the log's line, the state and the words; not the times and counts.
        private func cells(_ row: Substring) -> [Substring] {
            let cells = row.split(separator: "|").map { $0.drop { $0 == " " } }
            return cells.count < 5 ? [] : [cells[0], cells[2], cells[3]]
        }

        @Test(
            .timeLimit(.minutes(2)),
            arguments: [
                "wrong port", "https to a plain port", "http to a TLS port", "unknown authority", "expired certificate",
                "missing client certificate", "wrong token", "unknown model", "503 for all",
            ])
        func eachFaultIsNamedWithinFiveSecondsAsTheTableSays(fault: String) throws {
            let folder = try builtExecutable("dispatch").deletingLastPathComponent().path
            let printed = try capture(
                Self.root.appending(path: "scripts/gateway-faults").path,
                [folder, fault])
            let row = try #require(printed.split(separator: "\n").last { $0.hasPrefix("| \(fault) |") })
            let table = try String(contentsOf: Self.root.appending(path: "docs/gateways.md"), encoding: .utf8)
            let known = try #require(table.split(separator: "\n").first { $0.hasPrefix("| \(fault) |") })
            #expect(cells(row) == cells(known))
            let seconds = try #require(row.split(separator: "|")[1].firstMatch(of: /([0-9.]+) s/)?.1)
            #expect(try #require(Double(seconds)) < 5)
        }

        @Test(.enabled(if: geteuid() == 0, "only root may make a small disk"), .timeLimit(.minutes(2)))
        func aFullDiskIsNamedAndMadeUpForWithinFiveSeconds() throws {
            let folder = try builtExecutable("dispatch").deletingLastPathComponent().path
            let printed = try capture(Self.root.appending(path: "scripts/gateway-faults").path, [folder, "full disk"])
            let row = try #require(printed.split(separator: "\n").last { $0.hasPrefix("| disk of the database") })
            #expect(row.contains("| emit | The queue cannot take results now"))
            #expect(row.contains("database or disk is full"))
            let seconds = try #require(row.firstMatch(of: /([0-9.]+) s \|$/)?.1)
            #expect(try #require(Double(seconds)) < 5)
        }
    }
}
