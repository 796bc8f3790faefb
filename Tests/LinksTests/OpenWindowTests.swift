import Primitives
import Testing

@testable import Links

struct OpenWindowTests {
    @Test
    func costsWhatIsOpenHoweverManyNumbersHavePassed() {
        var window = OpenWindow<Int32>()
        window.append(0)
        for number in 2...1_000_000 as ClosedRange<UInt64> {
            window.append(1)
            window.close(number)
        }
        #expect(window.count == 1)
        #expect(window.base == 1)
        #expect(window.last == 1_000_000)
        #expect(window.entryCount <= 66)
        #expect(window.over == [2...1_000_000])
        #expect(window.open == [1...1])
    }

    /// Held against a dictionary, which is slow and right.
    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func knowsWhatIsOpenAndWhatIsOver(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var window = OpenWindow<UInt64>()
        var model: [UInt64: UInt64] = [:]
        for _ in 0..<3000 {
            switch random.next() % 5 {
            case 0, 1:
                window.append(window.last * 10)
                model[window.last] = (window.last - 1) * 10
            case 2:
                guard let number = model.keys.min() else { continue }
                window.update(number, to: 7)
                model[number] = 7
            default:
                let number = 1 + random.next() % (window.last + 2)
                window.close(number)
                model[number] = nil
            }
            let asked = random.next() % (window.last + 3)
            #expect(window[asked] == model[asked])
        }
        #expect(window.count == model.count)
        #expect(window.base == model.keys.min() ?? window.last + 1)
        let open = model.keys.sorted()
        #expect(window.open.ranges.flatMap(Array.init) == open)
        #expect(window.over.ranges.flatMap(Array.init) == (1...window.last).filter { model[$0] == nil })
        var found: [UInt64] = []
        window.find(in: [2...9, 40...90, 1000...(.max)], into: &found)
        #expect(found == open.filter { (2...9).contains($0) || (40...90).contains($0) || $0 >= 1000 })
    }
}
