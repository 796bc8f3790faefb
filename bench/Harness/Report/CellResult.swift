/// The runs of one figure.
package struct Series: Sendable, Equatable, Codable {
    package let name: String
    package let unit: String
    package var values: [Double]

    package init(name: String, unit: String, values: [Double]) {
        self.name = name
        self.unit = unit
        self.values = values
    }

    /// Of an even number of values, the mean of the two in the middle; 0 of none.
    package var median: Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return 0 }
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }

    package var lowest: Double { values.min() ?? 0 }
    package var highest: Double { values.max() ?? 0 }
}

/// The runs of one cell.
package struct CellResult: Sendable, Equatable, Codable {
    package let name: String
    package let summary: String
    package private(set) var series: [Series] = []
    package private(set) var runs = 0

    package init(name: String, summary: String) {
        self.name = name
        self.summary = summary
    }

    /// Adds the figures of one run.
    package mutating func add(_ figures: [Figure]) {
        runs += 1
        for figure in figures {
            if let place = series.firstIndex(where: { $0.name == figure.name }) {
                series[place].values.append(figure.value)
            } else {
                series.append(Series(name: figure.name, unit: figure.unit, values: [figure.value]))
            }
        }
    }

    /// Name of the figure that says what was taken from the machine by processes that have nothing to do with it.
    static let elsewhere = "elsewhere"

    /// Whether something else ran while it was measured.
    package var isDisturbed: Bool { (self[Self.elsewhere]?.median ?? 0) > 5 }

    package subscript(name: String) -> Series? { series.first { $0.name == name } }
}
