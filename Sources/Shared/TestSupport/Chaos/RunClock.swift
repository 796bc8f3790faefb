/// Time since a run began; what happens in a run is recorded in it.
package struct RunClock: Sendable {
    private let start: ContinuousClock.Instant

    package init() { start = .now }

    package var now: Duration { start.duration(to: .now) }

    package func time(of moment: ContinuousClock.Instant) -> Duration { start.duration(to: moment) }
}

extension Duration {
    package var inSeconds: Double { self / .seconds(1) }
}
