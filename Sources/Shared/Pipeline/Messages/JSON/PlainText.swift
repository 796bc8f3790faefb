extension UnsafeBufferPointer<UInt8> {
    /// Where a run of bytes ends that stand for themselves in a JSON string: the first index from `start` on of a quote,
    /// a backslash or a control character, or the end.
    ///
    /// Eight bytes at a time: a text is mostly such runs.
    func endOfPlainText(from start: Int) -> Int {
        var index = start
        if let base = UnsafeRawPointer(baseAddress) {
            while index + 8 <= count {
                let word = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: index, as: UInt64.self))
                let plain = plainBytes(word)
                if plain < 8 { return index + plain }
                index += 8
            }
        }
        while index < count, !needsEscape(self[index]) { index += 1 }
        return index
    }
}

/// How many bytes of `word`, from its lowest on, stand for themselves in a JSON string.
///
/// The highest bit of each byte that does not is set below; also of some above the lowest such byte, since subtractions
/// borrow from them. Source: Bit Twiddling Hacks, "Determine if a word has a byte less than n".
func plainBytes(_ word: UInt64) -> Int {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let quotes = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
    let backslashes = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
    let isBelow = (word &- (ones &* 0x20)) & ~word
    let isQuote = (quotes &- ones) & ~quotes
    let isBackslash = (backslashes &- ones) & ~backslashes
    return ((isBelow | isQuote | isBackslash) & (ones &* 0x80)).trailingZeroBitCount / 8
}
