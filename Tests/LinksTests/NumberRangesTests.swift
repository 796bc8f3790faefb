import Links
import Testing

struct NumberRangesTests {
    @Test
    func joinsNeighbours() {
        var numbers = NumberRanges()
        for number in [1, 2, 4, 5, 6, 9] as [UInt64] { numbers.append(number) }
        numbers.append(10...12)
        #expect(numbers.ranges == [1...2, 4...6, 9...12])
        #expect(numbers.last == 12)
    }

    @Test
    func isEmptyAtFirst() {
        #expect(NumberRanges().isEmpty)
        #expect(NumberRanges().last == nil)
    }
}
