import Testing

@testable import GatewaySimulator

struct PercentilesTests {
    @Test
    func areThoseOfTheNumbersToATenthOfAPercent() {
        var times = Percentiles()
        for number in (1...1000).shuffled() { times.add(Double(number) / 1000) }
        #expect(times.count == 1000)
        #expect(abs(times.mean - 0.5005) < 1e-9)
        for (share, value) in [(0.001, 0.001), (0.5, 0.5), (0.99, 0.99), (1, 1)] {
            #expect(abs(times.value(share) - value) <= value * 0.0006)
        }
    }

    @Test
    func ofNothingAreZero() {
        #expect(Percentiles().value(0.99) == 0)
        #expect(Percentiles().mean == 0)
    }
}
