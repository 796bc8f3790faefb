import ArgumentParser
import Messages

/// Which dead letters are meant.
enum Wanted: Equatable {
    case all
    case some([String], LetterNaming?)
}

/// What arguments that look like numbers stand for.
enum LetterNaming: String, EnumerableFlag {
    case numbers, ids

    static func help(for value: LetterNaming) -> ArgumentHelp? {
        switch value {
        case .numbers: "Take the arguments for numbers, never for ids."
        case .ids: "Take the arguments for ids, never for numbers."
        }
    }
}

/// Finds the dead letters that arguments name, in one pass over all there are.
struct Selection {
    private struct Candidates {
        let argument: String
        let number: LetterNumber?
        let isID: Bool
        var numbered: DeadLetter?
        /// At the place that the argument is, where places do not count.
        var placed: DeadLetter?
        /// Same check digits at other places.
        var moved: [DeadLetter] = []
        var named: [DeadLetter] = []
    }

    private var candidates: [Candidates]
    private let takesPlaces: Bool

    /// - Parameters:
    ///   - naming: `nil` for both: numbers where there is such a number, ids otherwise.
    ///   - takesPlaces: Whether a number without its check digits will do: not for what cannot be undone, since another
    ///     letter may have come to that place since it was looked at.
    init(_ arguments: [String], _ naming: LetterNaming?, takesPlaces: Bool) {
        self.takesPlaces = takesPlaces
        candidates = arguments.map { argument in
            let number = naming == .ids ? nil : LetterNumber(argument)
            return Candidates(argument: argument, number: number, isID: naming != .numbers)
        }
    }

    /// Looks at one of the letters there are.
    mutating func visit(_ letter: DeadLetter) {
        for index in candidates.indices {
            if let number = candidates[index].number {
                if letter.number == number || takesPlaces && letter.number.isMeant(by: number) {
                    candidates[index].numbered = letter
                } else if letter.number.isMeant(by: number) {
                    candidates[index].placed = letter
                } else if letter.number.mayHaveBeen(number) {
                    candidates[index].moved.append(letter)
                }
            }
            if candidates[index].isID, ExactText(letter.id) == ExactText(candidates[index].argument) {
                candidates[index].named.append(letter)
            }
        }
    }

    /// What was found, oldest first, each once; and what is wrong with arguments that name none, or not one.
    var result: (letters: [DeadLetter], problems: [String]) {
        var letters: [LetterNumber: DeadLetter] = [:]
        var problems: [String] = []
        for candidate in candidates {
            let (found, problem) = Self.resolve(candidate)
            for letter in found { letters[letter.number] = letter }
            if let problem { problems.append("\(candidate.argument.onOneLine): \(problem)") }
        }
        return (letters.values.sorted { $0.number.place < $1.number.place }, problems)
    }

    private static func resolve(_ candidates: Candidates) -> ([DeadLetter], String?) {
        var numbered = candidates.numbered
        if numbered == nil {
            guard Set(candidates.moved.map(\.key)).count <= 1 else {
                return ([], "the list has changed, and several dead letters fit this number; list again")
            }
            numbered = candidates.moved.first
        }
        guard let numbered else {
            if !candidates.named.isEmpty { return (candidates.named, nil) }
            guard let placed = candidates.placed else { return ([], "no such dead letter") }
            return ([], "places shift; give the whole number of the one you mean, which is now here: \(placed.name)")
        }
        if candidates.named.contains(where: { $0.key != numbered.key }) {
            return ([], "the number of one dead letter and the id of another; say --numbers or --ids")
        }
        return ([numbered], nil)
    }
}
