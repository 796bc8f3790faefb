import Messages
import Testing

struct RetryAfterTests {
    /// Sun, 06 Nov 1994 08:49:37 GMT.
    private static let example: Int64 = 784_111_777

    @Test(arguments: [
        ("Sun, 06 Nov 1994 08:49:37 GMT", example), ("Sunday, 06-Nov-94 08:49:37 GMT", example),
        ("Sun Nov  6 08:49:37 1994", example), ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Tue, 29 Feb 2000 12:00:00 GMT", 951_825_600), ("Fri, 01 Mar 2024 00:00:00 GMT", 1_709_251_200),
        ("Wed, 31 Dec 1969 23:59:59 GMT", -1), ("Sat, 31 Dec 2016 23:59:60 GMT", 1_483_228_800),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799), ("Sat, 01 Jan 0000 00:00:00 GMT", -62_167_219_200),
    ])
    func readsDates(text: String, seconds: Int64) {
        #expect(HTTPDate.parse(text, now: 1_700_000_000) == seconds)
    }

    @Test(arguments: [
        "", "Sun", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 CET", "Son, 06 Nov 1994 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT", "Wed, 29 Feb 2023 12:00:00 GMT", "Mon, 29 Feb 1900 12:00:00 GMT",
        "Sun, 06 Nox 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:00 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 19940 08:49:37 GMT", "Sun, +6 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z",
        "Sun, 06 Nov 1994 08:49:37 GMT GMT",
        "Sun Nov  6 08:49:37 1994 GMT",
    ])
    func refusesWhatIsNoDate(text: String) {
        #expect(HTTPDate.parse(text, now: 1_700_000_000) == nil)
    }

    @Test(arguments: [
        ("Sunday, 01-Jan-23 00:00:00 GMT", 1_672_531_200), ("Friday, 01-Jan-60 00:00:00 GMT", 2_840_140_800),
        ("Sunday, 01-Jan-73 00:00:00 GMT", 3_250_454_400), ("Tuesday, 01-Jan-74 00:00:00 GMT", 126_230_400),
        ("Friday, 01-Jan-99 00:00:00 GMT", 915_148_800),
    ])
    func placesShortYearsAtMostFiftyYearsAhead(text: String, seconds: Int64) {
        #expect(HTTPDate.parse(text, now: 1_700_000_000) == seconds)
    }

    @Test(arguments: [
        ("0", Int64(0)), ("10", 10_000), (" 3600 ", 3_600_000), ("2147483648", 2_147_483_648_000),
        ("99999999999999999999999", 2_147_483_648_000), ("Sun, 06 Nov 1994 08:49:37 GMT", 0),
        ("Tue, 14 Nov 2023 22:13:50 GMT", 30_000), ("Tue, 14 Nov 2023 22:13:20 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 2_147_483_648_000),
    ])
    func readsSecondsAndDates(value: String, milliseconds: Int64) {
        #expect(RetryAfter.parse(value, now: 1_700_000_000) == milliseconds)
    }

    @Test(arguments: ["", " ", "-1", "+1", "1.5", "1e3", "soon", "10s", "0x10", "١٠", "10, 20", "1 0"])
    func ignoresGarbage(value: String) {
        #expect(RetryAfter.parse(value, now: 1_700_000_000) == nil)
    }
}
