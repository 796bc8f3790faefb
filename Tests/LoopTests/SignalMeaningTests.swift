import Glibc
import Loop
import Testing

struct SignalMeaningTests {
    @Test(
        arguments: [
            ([(SIGTERM, 5000), (SIGTERM, 5001), (SIGINT, 5999), (SIGTERM, 6000)], [.drain, .same, .same, .endNow]),
            (
                [(SIGHUP, 0), (SIGHUP, 9000), (SIGUSR1, 9000), (SIGTERM, 9001)],
                [.unknown, .unknownAgain, .unknown, .drain]
            ),
        ] as [([(CInt, Int)], [SignalMeaning.Meaning])])
    func takesASecondSignalForTheSameUnlessTimeHasPassed(
        signals: [(CInt, Int)], meanings: [SignalMeaning.Meaning]
    ) {
        var meaning = SignalMeaning()
        let found = signals.map { meaning.take($0, at: .milliseconds($1)) }
        #expect(found == meanings)
    }
}
