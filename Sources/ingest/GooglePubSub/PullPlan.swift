/// How many pulls to have in flight, and how many messages each asks for.
///
/// A pull waits at the server until there is a message, for up to a minute and a half, and messages of a pull that is
/// cut off can be unavailable until their ack deadline. So while no messages come, one pull waits, and asks for few;
/// the more pulls come back full, the more are in flight.
///
/// A value: time is passed in.
struct PullPlan: Sendable, Equatable {
    /// Pulls at once, at most.
    static let maxPulls = 8
    /// Messages per pull, at most: the maximum of the emulator; Google gives more, but more pulls are as cheap.
    static let maxMessages = 100
    /// Messages that a pull asks for that may have to wait.
    static let waitingMessages = 10
    /// While pulls are in flight, another one is worth its call from so many messages on.
    static let leastBesideOthers = 48
    /// Bytes that may be in flight, about.
    static let maxBytes = 64 << 20
    /// An answer that took longer came because a message was published, not because one was waiting; unless it is a
    /// large answer.
    private static let waitingTime = Duration.milliseconds(500)
    private static let largeAnswer = 1 << 20
    /// A pull whose answer came sooner has not waited: the server may return fewer messages than there are.
    ///
    /// Source: cloud.google.com/pubsub/docs/pull (unary pull may return fewer messages than requested)
    private static let promptTime = Duration.milliseconds(100)

    /// Pulls to have in flight.
    private(set) var pulls = 1
    /// The last pull had to wait, or has not come back yet.
    private(set) var isWaiting = true
    /// Recent size of a message in bytes; a guess at first.
    private var averageSize = 64.0 * 1024

    /// How many messages the next pull asks for; `nil` if there is to be none now.
    ///
    /// - Parameters:
    ///   - wanted: messages for which there is room and no pull in flight.
    ///   - underWay: pulls in flight.
    ///   - asked: messages that these pulls ask for, and messages that have come and wait.
    func next(wanted: Int, underWay: Int, asked: Int) -> Int? {
        guard wanted > 0, underWay < pulls else { return nil }
        let room = Int(Double(Self.maxBytes) / averageSize) - asked
        let count = min(wanted, isWaiting ? Self.waitingMessages : Self.maxMessages, room)
        if underWay > 0, count < Self.leastBesideOthers { return nil }
        // One message always fits.
        return count > 0 ? count : asked == 0 ? 1 : nil
    }

    /// A pull has come back.
    mutating func answered(_ count: Int, of asked: Int, bytes: Int, after time: Duration) {
        if count > 0 { averageSize += (max(Double(bytes) / Double(count), 512) - averageSize) / 4 }
        isWaiting = count == 0 || (time > Self.waitingTime && bytes < Self.largeAnswer)
        if isWaiting {
            pulls = 1
        } else if count * 2 >= asked || time < Self.promptTime {
            pulls = min(Self.maxPulls, pulls + 1)
        }
    }

    /// An answer was larger than allowed: the next pulls ask for less.
    mutating func wasTooLarge(_ asked: Int) {
        averageSize = max(averageSize, 2 * Double(Self.maxBytes) / Double(max(1, asked)))
        pulls = 1
    }
}
