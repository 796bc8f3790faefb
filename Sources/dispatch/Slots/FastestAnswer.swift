/// The shortest time in which a gateway has answered of late: a request that has less left cannot be answered any more.
///
/// Of the last 64 to 128 answers, so that a queue with short and long answers in turn has short ones among them. It is
/// forgotten when nothing was answered for a while: who does not ask does not learn that the gateway has become faster.
///
/// A value: time is passed in; all times are seconds.
struct FastestAnswer {
    private static let window = 64
    private static let memory = 10.0

    private var last: Double?
    private var current = Double.infinity
    private var count = 0
    private var heard = -Double.infinity

    mutating func note(_ time: Double, at now: Double) {
        if now - heard > Self.memory { self = FastestAnswer() }
        heard = now
        current = min(current, time)
        count += 1
        guard count == Self.window else { return }
        (last, current, count) = (current, .infinity, 0)
    }

    /// `nil` where too little is known.
    func value(at now: Double) -> Double? {
        guard let last, now - heard <= Self.memory else { return nil }
        return min(last, current)
    }
}
