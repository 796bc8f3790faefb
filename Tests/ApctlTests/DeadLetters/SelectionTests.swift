import Testing

@testable import Apctl

struct SelectionTests {
    private static let letters = ["a", "b", "a", "2", "1"].enumerated().map {
        var one = letter($1, place: Int64($0 + 1), body: request("\($0)"))
        one.number.check = "00000\($0 + 1)"
        return one
    }

    private func find(
        _ arguments: [String], _ naming: LetterNaming? = nil, places: Bool = false, in letters: [DeadLetter] = letters
    ) -> (places: [Int64], problems: [String]) {
        var selection = Selection(arguments, naming, takesPlaces: places)
        for letter in letters.reversed() { selection.visit(letter) }
        let (found, problems) = selection.result
        return (found.map(\.number.place), problems)
    }

    @Test(
        arguments: [
            (["2-000002"], [2]), (["a"], [1, 3]), (["b", "2-000002", "a"], [1, 2, 3]), (["2"], [4]),
            (["3-000003", "1-000001"], [1, 3]), (["3-00000A"], []), (["7-000001"], [1]), (["2-000005"], [5]),
        ] as [([String], [Int64])])
    func findsNumbersAndIDs(arguments: [String], places: [Int64]) {
        #expect(find(arguments).places == places)
        #expect(find(arguments).problems.isEmpty == !places.isEmpty)
    }

    @Test(
        arguments: [
            (["3"], [3], nil), (["5"], [5], nil), (["2"], [], "2: the number of one dead letter and the id of another"),
            (["9"], [], "9: no such dead letter"), (["0"], [], "0: no such"), (["-1"], [], "-1: no such"),
        ] as [([String], [Int64], String?)])
    func takesPlacesOnlyWhereNothingIsRemoved(arguments: [String], places: [Int64], problem: String?) {
        let found = find(arguments, places: true)
        #expect(found.places == places)
        #expect(found.problems.count == (problem == nil ? 0 : 1))
        #expect(found.problems.first?.hasPrefix(problem ?? "") ?? true)
        let hint = find(["3"]).problems
        #expect(hint == ["3: places shift; give the whole number of the one you mean, which is now here: 3-000003 a"])
    }

    @Test
    func saysWhatItCouldNotFindAndTakesTheRest() {
        let found = find(["b", "x\u{1B}", "4-abcdef"])
        #expect(found.places == [2])
        #expect(found.problems == ["x: no such dead letter", "4-abcdef: no such dead letter"])
    }

    @Test
    func flagsSettleWhatIsMeant() {
        #expect(find(["2"], .ids, places: true).places == [4])
        #expect(find(["2"], .numbers, places: true).places == [2])
        #expect(find(["1", "b"], .numbers, places: true).places == [1])
        #expect(find(["3-000003"], .ids).places == [])
    }

    /// The second letter was removed after somebody had listed them.
    @Test
    func followsLettersThatHaveMoved() {
        var letters = Self.letters
        letters.remove(at: 1)
        for index in letters.indices { letters[index].number.place = Int64(index + 1) }
        #expect(find(["3-000003"], in: letters).places == [2])
        #expect(find(["2-000002"], in: letters).problems == ["2-000002: no such dead letter"])
        #expect(find(["2-000002"], places: true, in: letters).places == [])
    }

    @Test
    func refusesToGuessWhenCheckDigitsFitTwo() {
        var letters = Self.letters
        letters[3].number.check = "000001"
        #expect(find(["9-000001"], in: letters).problems.first?.contains("list again") == true)
        #expect(find(["4-000001"], in: letters).places == [4])
        letters[3].key = letters[0].key
        #expect(find(["9-000001"], in: letters).places.count == 1)
    }

    @Test(
        arguments: [
            ("7", LetterNumber(place: 7)), ("7-9F2c1b", LetterNumber(place: 7, check: "9f2c1b")), ("7-", nil),
            ("-7", nil),
            ("7-9f2c1", nil), ("7-9f2c1g", nil), ("7-9f2c1b-", nil), ("+7", nil), ("", nil), ("0", nil), ("٣", nil),
            ("99999999999999999999", nil),
        ] as [(String, LetterNumber?)])
    func readsNumbers(text: String, number: LetterNumber?) { #expect(LetterNumber(text) == number) }
}
