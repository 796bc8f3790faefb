import Testing

@testable import Apctl

struct ShownTests {
    @Test(
        arguments: [
            (nil, "–"), (.nan, "–"), (.infinity, "–"), (0, "0"), (7.4, "7"), (1234, "1,234"), (99_999, "99,999"),
            (123_456, "123k"), (1_234_567, "1.23M"), (12_345_678, "12.3M"), (5e9, "5.00G"), (-3, "-3"), (1e300, "–"),
        ] as [(Double?, String)])
    func counts(number: Double?, text: String) { #expect(Shown.count(number) == text) }

    @Test(
        arguments: [
            (nil, "–"), (0, "0"), (0.01, "<0.1"), (0.25, "0.3"), (2, "2.0"), (9.94, "9.9"), (9.96, "10"), (41.4, "41"),
            (12_300, "12,300"), (.infinity, "–"),
        ] as [(Double?, String)])
    func rates(number: Double?, text: String) { #expect(Shown.rate(number) == text) }

    @Test(
        arguments: [
            (nil, "–"), (0.4, "0.4 s"), (9.97, "10 s"), (59, "59 s"), (200, "3:20"), (-1, "–"), (.nan, "–"),
        ] as [(Double?, String)])
    func seconds(number: Double?, text: String) { #expect(Shown.seconds(number) == text) }

    @Test(arguments: [(0.4, "0 ms"), (212, "212 ms"), (1200, "1.2 s"), (90_000, "1:30")])
    func milliseconds(number: Double, text: String) { #expect(Shown.milliseconds(number) == text) }

    @Test(arguments: [(60_817_408, "58 MiB"), (1_048_576, "1.0 MiB"), (1_288_490_189, "1.20 GiB"), (-1, "–")])
    func bytes(number: Double, text: String) { #expect(Shown.bytes(number) == text) }

    @Test(arguments: [(0, "0 %"), (0.001, "<1 %"), (0.048, "5 %"), (1.5, "150 %"), (.infinity, "–")])
    func percents(share: Double, text: String) { #expect(Shown.percent(share) == text) }

    @Test(arguments: [1e300, .infinity, .nan, -5])
    func noTimeIsTooLong(seconds: Double) { #expect(!"\(TimeSpan(seconds: seconds))".isEmpty) }

    @Test
    func cutsAndFillsByColumns() {
        #expect("abc".fitted(5) == "abc  ")
        #expect("abcdef".fitted(4) == "abc…")
        #expect("abcdef".fitted(4, keepsEnd: true) == "…def")
        #expect("12".fittedRight(4) == "  12")
        // Two columns each; a mark stands on what is before it.
        #expect("日本語".columns == 6)
        #expect("e\u{301}".columns == 1)
        #expect("日本語".fitted(4) == "日… ")
        #expect("abc".cut(0) == "")
    }

    @Test
    func breaksLinesBetweenWords() {
        #expect("one two three".wrapped(8, indent: 2) == ["one two", "  three"])
        #expect("abcdefghij k".wrapped(6, indent: 2) == ["abcdef", "  ghij", "  k"])
        #expect("".wrapped(10) == [])
        #expect("日本語".wrapped(3, indent: 0) == ["日", "本", "語"])
        #expect("日本".wrapped(1) == ["日本"])
    }

    @Test
    func tablesLeaveOutWhatHasNoRoom() {
        let table = TextTable(
            columns: [
                .init(title: "name", isNumber: false), .init(title: "a", width: 3),
                .init(title: "b", width: 3, from: 20),
            ], rows: [["a name that is long", "1", "2"], ["x"]])
        #expect(table.lines(width: 14) == ["name         a", "a name th…   1", "x"])
        #expect(table.lines(width: 20) == ["name           a   b", "a name that…   1   2", "x"])
    }
}
