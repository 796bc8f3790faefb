/// A time as Pub/Sub writes it: in UTC, with none to nine digits of a second's fraction.
///
///     2026-11-30T06:00:01.5Z
///
/// Source: RFC 3339; protobuf.dev, "JSON mapping" of Timestamp
enum PublishTime {
    /// Milliseconds since 1970; `nil` for anything else.
    static func milliseconds(of text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes[bytes.count - 1] == UInt8(ascii: "Z") else { return nil }
        let separators: [(Int, Character)] = [(4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":")]
        guard separators.allSatisfy({ bytes[$0.0] == $0.1.asciiValue }) else { return nil }
        let places = [0..<4, 5..<7, 8..<10, 11..<13, 14..<16, 17..<19]
        let numbers = places.compactMap { number(bytes[$0]) }
        guard numbers.count == places.count, (1...12).contains(numbers[1]), (1...31).contains(numbers[2]) else {
            return nil
        }
        guard let fraction = fraction(bytes[19..<(bytes.count - 1)]) else { return nil }
        let days = days(year: numbers[0], month: numbers[1], day: numbers[2])
        let seconds = ((days * 24 + numbers[3]) * 60 + numbers[4]) * 60 + numbers[5]
        return seconds * 1000 + fraction
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
        var number: Int64 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            number = number * 10 + Int64(digit - UInt8(ascii: "0"))
        }
        return number
    }

    /// Milliseconds of what stands behind the seconds.
    private static func fraction(_ bytes: ArraySlice<UInt8>) -> Int64? {
        if bytes.isEmpty { return 0 }
        guard bytes.first == UInt8(ascii: "."), (2...10).contains(bytes.count) else { return nil }
        guard number(bytes.dropFirst()) != nil else { return nil }
        return number((bytes.dropFirst() + [UInt8](repeating: UInt8(ascii: "0"), count: 3)).prefix(3))
    }

    /// Days since 1970 in the Gregorian calendar, by years that begin with March.
    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return 365 * year + year / 4 - year / 100 + year / 400 + dayOfYear - 719_468
    }
}
