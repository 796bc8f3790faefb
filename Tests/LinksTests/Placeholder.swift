import LinkSimulator
import Testing

struct TmpTests {
    @Test func run() {
        var bad = 0
        for n in 0..<2000 {
            var s = Simulation(number: UInt64(n))
            let o = s.run()
            if !o.violations.isEmpty { bad += 1; if bad < 12 { print(n, o.violations) } }
        }
        print("bad", bad)
    }
}
