/// Numbers messages so that all ingest processes that hear a channel call each of them the same.
///
/// All of them receive the same marks between the same two messages (see `RedisSubscriber`): a mark begins a series,
/// and messages count from 1 in it. So the server need not store messages to know which of them have been claimed: the
/// highest number that was claimed in a series is enough, since every ingest claims in order. No state is kept per
/// message, neither here nor at the server, however many processes listen.
struct Numbering {
    /// The name of a message.
    struct Place: Equatable {
        let series: String
        /// From 1.
        let number: Int
    }

    private var series = ""
    private var number = 0

    /// A mark has arrived, or a subscription without a mark has begun: `series` is never used again.
    mutating func begin(_ series: String) {
        self.series = series
        number = 0
    }

    /// The next message.
    mutating func next() -> Place {
        number += 1
        return Place(series: series, number: number)
    }
}
