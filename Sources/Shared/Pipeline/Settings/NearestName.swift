/// What somebody who mistyped a name may have meant.
package enum NearestName {
    /// The name that is closest to `text`; `nil` when none is close: one letter in four may be wrong.
    ///
    /// Of several that are as close, the first in the alphabet.
    package static func of(_ text: String, among names: some Sequence<String>) -> String? {
        let limit = max(1, text.count / 4)
        let distances = names.map { (name: $0, distance: distance(text, $0)) }
        return distances.filter { $0.distance <= limit }.min { ($0.distance, $0.name) < ($1.distance, $1.name) }?.name
    }

    /// How many letters have to be inserted, removed, replaced or swapped with their neighbours to make one text of the
    /// other.
    static func distance(_ first: String, _ second: String) -> Int {
        let (first, second) = (Array(first), Array(second))
        var beforeLast: [Int] = []
        var last = Array(0...second.count)
        for row in first.indices {
            var line = [row + 1]
            for column in second.indices {
                let isSame = first[row] == second[column]
                var best = min(last[column] + (isSame ? 0 : 1), last[column + 1] + 1, line[column] + 1)
                if row > 0, column > 0, first[row] == second[column - 1], first[row - 1] == second[column] {
                    best = min(best, beforeLast[column - 1] + 1)
                }
                line.append(best)
            }
            (beforeLast, last) = (last, line)
        }
        return last[second.count]
    }
}
