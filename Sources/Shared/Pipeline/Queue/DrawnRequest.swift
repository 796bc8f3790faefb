/// One of the requests that wait, drawn to stand for all that wait about there.
///
/// Of a queue that hands out in order of arrival, and cannot count deadlines.
package struct DrawnRequest: Sendable, Equatable {
    /// What part of those that wait is before it, 0 to 1.
    package let place: Double
    /// Seconds until its deadline; negative when it is over.
    package let left: Double

    package init(place: Double, left: Double) {
        self.place = place
        self.left = left
    }
}
