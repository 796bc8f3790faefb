import Foundation

/// Lines over two logarithmic axes, as SVG that is readable on light and on dark ground.
package struct Plot: Sendable {
    package struct Line: Sendable {
        let name: String
        let points: [(x: Double, y: Double)]
        var isDashed = false

        package init(_ name: String, _ points: [(x: Double, y: Double)], isDashed: Bool = false) {
            self.name = name
            self.points = points.filter { $0.x > 0 && $0.y > 0 }
            self.isDashed = isDashed
        }
    }

    let title: String
    let xLabel: String
    let yLabel: String
    /// Where the horizontal axis has numbers.
    let xTicks: [Double]
    let lines: [Line]

    private static let size = (width: 640.0, height: 400.0)
    private static let frame = (left: 70.0, top: 40.0, right: 490.0, bottom: 340.0)

    package init(_ title: String, x: String, y: String, xTicks: [Double], lines: [Line]) {
        self.title = title
        xLabel = x
        yLabel = y
        self.xTicks = xTicks
        self.lines = lines
    }

    package var svg: String {
        let points = lines.flatMap(\.points)
        let xRange = Self.range(points.map(\.x), isTight: true)
        let yRange = Self.range(points.map(\.y), isTight: false)
        let frame = Self.frame
        func x(_ value: Double) -> Double { Self.place(value, xRange, frame.left, frame.right) }
        func y(_ value: Double) -> Double { Self.place(value, yRange, frame.bottom, frame.top) }
        var parts = [Self.start(title), label(xLabel, yLabel)]
        for tick in xTicks where tick >= xRange.lowerBound && tick <= xRange.upperBound {
            parts.append(Self.segment(x(tick), frame.top, x(tick), frame.bottom, "grid"))
            parts.append(Self.text(Numbers.axis(tick), x(tick), frame.bottom + 18, "middle"))
        }
        for tick in Self.decades(yRange) {
            parts.append(Self.segment(frame.left, y(tick), frame.right, y(tick), "grid"))
            parts.append(Self.text(Numbers.axis(tick), frame.left - 8, y(tick) + 4, "end"))
        }
        for (place, line) in lines.enumerated() {
            let path = line.points.map { "\(Self.short(x($0.x))),\(Self.short(y($0.y)))" }.joined(separator: " ")
            parts.append("<polyline class=\"c\(place)\(line.isDashed ? " dashed" : "")\" points=\"\(path)\"/>")
            if !line.isDashed {
                parts += line.points.map { Self.circle(x($0.x), y($0.y), place) }
            }
            let key = frame.top + 12 + Double(place) * 22
            parts.append(
                "<polyline class=\"c\(place)\(line.isDashed ? " dashed" : "")\" "
                    + "points=\"\(frame.right + 12),\(key) \(frame.right + 36),\(key)\"/>")
            parts.append(Self.text(line.name, frame.right + 42, key + 4, "start"))
        }
        return (parts + ["</svg>", ""]).joined(separator: "\n")
    }

    private func label(_ x: String, _ y: String) -> String {
        let middle = (Self.frame.left + Self.frame.right) / 2
        return Self.text(title, middle, 22, "middle", "title") + "\n"
            + Self.text(x, middle, Self.frame.bottom + 42, "middle") + "\n"
            + "<g transform=\"translate(18 \((Self.frame.top + Self.frame.bottom) / 2)) rotate(-90)\">"
            + Self.text(y, 0, 0, "middle") + "</g>"
    }
}

extension Plot {
    /// Lowest and highest value; not tight: whole powers of ten around them.
    static func range(_ values: [Double], isTight: Bool) -> ClosedRange<Double> {
        guard let low = values.min(), let high = values.max() else { return 1...10 }
        if isTight { return low...max(high, low * 1.001) }
        let bottom = pow(10, log10(low).rounded(.down))
        return bottom...max(pow(10, log10(high).rounded(.up)), bottom * 10)
    }

    static func decades(_ range: ClosedRange<Double>) -> [Double] {
        let first = Int(log10(range.lowerBound).rounded())
        let last = Int(log10(range.upperBound).rounded())
        return (first...max(first, last)).map { pow(10, Double($0)) }
    }

    /// Where a value stands on an axis from `start` to `end`.
    static func place(_ value: Double, _ range: ClosedRange<Double>, _ start: Double, _ end: Double) -> Double {
        start + (end - start) * (log(value / range.lowerBound) / log(range.upperBound / range.lowerBound))
    }

    private static func start(_ title: String) -> String {
        """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(short(size.width)) \(short(size.height))" role="img" \
        aria-label="\(escaped(title))">
        <style>
        text { font: 12px sans-serif; fill: #24292f } .title { font-weight: bold }
        line { stroke: #d0d7de } polyline, circle { fill: none; stroke-width: 2 } .dashed { stroke-dasharray: 5 4 }
        .c0 { stroke: #0969da } .c1 { stroke: #bc4c00 } .c2 { stroke: #8250df } .c3 { stroke: #57606a }
        @media (prefers-color-scheme: dark) {
        text { fill: #e6edf3 } line { stroke: #3d444d }
        .c0 { stroke: #4493f8 } .c1 { stroke: #f0883e } .c2 { stroke: #ab7df8 } .c3 { stroke: #9198a1 }
        }
        </style>
        """
    }

    private static func segment(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ name: String) -> String {
        "<line class=\"\(name)\" x1=\"\(short(x1))\" y1=\"\(short(y1))\" x2=\"\(short(x2))\" y2=\"\(short(y2))\"/>"
    }

    private static func circle(_ x: Double, _ y: Double, _ line: Int) -> String {
        "<circle class=\"c\(line)\" cx=\"\(short(x))\" cy=\"\(short(y))\" r=\"3\"/>"
    }

    private static func text(
        _ text: String, _ x: Double, _ y: Double, _ anchor: String, _ name: String = "label"
    ) -> String {
        "<text class=\"\(name)\" x=\"\(short(x))\" y=\"\(short(y))\" text-anchor=\"\(anchor)\">\(escaped(text))</text>"
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing("\"", with: "&quot;")
    }

    /// To a tenth of a unit.
    private static func short(_ value: Double) -> String {
        let text = String(format: "%.1f", value)
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}
