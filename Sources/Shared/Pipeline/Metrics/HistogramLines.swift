/// The starts of a histogram's lines in the text format: a bucket for each limit and one for all, the sum, the count.
struct HistogramLines: Sendable {
    private let buckets: [[UInt8]]
    private let sum: [UInt8]
    private let count: [UInt8]

    /// - Parameter limits: Ascending; the limit above them all is implied.
    init(name: String, labels: Labels, limits: [Double]) {
        precondition(zip(limits, limits.dropFirst()).allSatisfy { $0 < $1 }, "limits of \(name) must ascend")
        buckets = (limits + [.infinity]).map { labels.adding("le", text(of: $0)).sampleStart(of: name + "_bucket") }
        sum = labels.sampleStart(of: name + "_sum")
        count = labels.sampleStart(of: name + "_count")
    }

    /// - Parameter counts: how many values are at most each limit, and how many there are.
    func emit(_ counts: some Collection<Double>, sum total: Double, into buffer: inout [UInt8]) {
        var last = 0.0
        for (line, count) in zip(buckets, counts) {
            buffer.append(contentsOf: line)
            buffer.append(number: count)
            last = count
        }
        buffer.append(contentsOf: sum)
        buffer.append(number: total)
        buffer.append(contentsOf: count)
        buffer.append(number: last)
    }
}
