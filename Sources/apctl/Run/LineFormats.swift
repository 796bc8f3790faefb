import Messages

/// What kind of line each request came from: one bit a line.
struct LineFormats {
    /// Bit n − 1 is request n: whether it came in OpenAI's batch format.
    private var batch: [UInt64] = []
    /// Requests so far.
    private(set) var count: Int64 = 0
    /// Of the last request; before the first one, of the first line that can be read.
    private(set) var last: RequestLine.Format

    /// - Parameter first: the format of the first line that can be read.
    init(first: RequestLine.Format = .request) { last = first }
    /// For each blank line, how many requests stand before it.
    private var blanks: [Int64] = []

    /// Takes note of a line; `false` when it is blank and so no request.
    @discardableResult
    mutating func add(_ line: Bytes) -> Bool {
        if line.isBlank {
            blanks.append(count)
            return false
        }
        add(RequestLine.format(of: line, after: last))
        return true
    }

    mutating func add(_ format: RequestLine.Format) {
        if count % 64 == 0 { batch.append(0) }
        if format == .batch { batch[Int(count / 64)] |= 1 << UInt64(count % 64) }
        count += 1
        last = format
    }

    /// Requests are numbered from 1.
    func isBatch(_ request: Int64) -> Bool {
        guard (1...max(1, count)).contains(request), !batch.isEmpty else { return false }
        return batch[Int((request - 1) / 64)] & (1 << UInt64((request - 1) % 64)) != 0
    }

    /// The number of the request's line in the file, blank lines counted, from 1.
    func lineNumber(of request: Int64) -> Int {
        // They are in order, and there may be as many as lines.
        var (low, high) = (0, blanks.count)
        while low < high {
            let middle = (low + high) / 2
            if blanks[middle] < request { low = middle + 1 } else { high = middle }
        }
        return Int(request) + low
    }
}
