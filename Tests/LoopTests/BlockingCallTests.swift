import Foundation
import Loop
import Testing

@Suite(.timeLimit(.minutes(1)))
struct BlockingCallTests {
    @Test
    func bringsWhatComesOfIt() async {
        let call = BlockingCall()
        for number in 0..<5 {
            guard case .done(number) = await call.run(within: .seconds(10), { number }) else {
                Issue.record("no answer")
                return
            }
        }
        guard case .done(7) = call.wait(within: .seconds(10), { 7 }) else {
            Issue.record("no answer")
            return
        }
    }

    @Test
    func waitsNoLongerThanItsLimitAndBeginsNothingElseMeanwhile() async throws {
        let call = BlockingCall()
        let gate = DispatchSemaphore(value: 0)
        let begin = ContinuousClock.now
        guard case .late = await call.run(within: .milliseconds(20), { gate.wait() }) else {
            Issue.record("not late")
            return
        }
        #expect(call.isUnderWay)
        guard case .busy = await call.run(within: .seconds(10), {}) else {
            Issue.record("not busy")
            return
        }
        guard case .busy = call.wait(within: .seconds(10), {}) else {
            Issue.record("not busy")
            return
        }
        #expect(.now - begin < .seconds(5))
        gate.signal()
        while call.isUnderWay { try await Task.sleep(for: .milliseconds(1)) }
        guard case .done = await call.run(within: .seconds(10), {}) else {
            Issue.record("not free again")
            return
        }
    }
}
