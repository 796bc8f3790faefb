/// When requests that a gate did not let go come back: those that share a quota one after another, however many there are, or
/// a long row of them would go round and round.
///
/// Each quota has turns of its own: nobody waits for the row of another, nor for as long as another was told to.
///
/// A value: time is passed in.
package struct ReturnTurns: Sendable, Equatable {
    /// Between two that share a quota, unless the gate knows better.
    package static let spacing = Duration.milliseconds(2)
    /// A row that is longer than this goes on with `spacing`: what the gate knows may be old by then.
    package static let longest = Duration.seconds(10)
    /// Values of metadata are others' choice: beyond so many rows those that come later share one.
    package static let most = 4096

    /// When the last of a row has its turn, apart from what it was told.
    private var turns: [Int: Duration] = [:]

    package init() {}

    /// - Parameters:
    ///   - asked: how long the gate wants it to wait.
    ///   - row: a number that is the same for all that share a quota; names of rows may be long.
    ///   - spacing: between two of the row, as the gate wants it.
    /// - Returns: until it comes back.
    package mutating func pause(
        _ asked: Duration, row: Int, spacing: Duration = Self.spacing, at now: Duration
    ) -> Duration {
        if turns.count >= Self.most, turns[row] == nil { turns = turns.filter { $0.value > now } }
        let row = turns.count < Self.most || turns[row] != nil ? row : 0
        let turn = turns[row].map { max(now, $0 + ($0 - now < Self.longest ? spacing : Self.spacing)) } ?? now
        turns[row] = turn
        return turn - now + asked
    }
}
