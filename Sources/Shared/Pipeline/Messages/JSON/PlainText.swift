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
                let marks = marksOfSpecialBytes(word)
                if marks != 0 { return index + marks.trailingZeroBitCount / 8 }
                index += 8
            }
        }
        while index < count, isPlain(self[index]) { index += 1 }
        return index
    }
}

/// The highest bit of a byte is set where `word` has a byte that does not stand for itself.
///
/// Bytes above the lowest such byte may be marked without cause, since subtractions borrow from them. Source: Bit
/// Twiddling Hacks, "Determine if a word has a byte less than n".
private func marksOfSpecialBytes(_ word: UInt64) -> UInt64 {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let quotes = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
    let backslashes = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
    let isBelow = (word &- (ones &* 0x20)) & ~word
    let isQuote = (quotes &- ones) & ~quotes
    let isBackslash = (backslashes &- ones) & ~backslashes
    return (isBelow | isQuote | isBackslash) & (ones &* 0x80)
}

private func isPlain(_ byte: UInt8) -> Bool {
    byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
}
