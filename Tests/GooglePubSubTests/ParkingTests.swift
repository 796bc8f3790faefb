import GooglePubSub
import Testing

@testable import GooglePubSubSink

struct ParkingTests {
    private let subscription = "projects/p/subscriptions/s"

    @Test
    func givesBackWhenTheTimeHasComeAndNotBefore() {
        var parking = Parking()
        parking.add("late", of: subscription, for: .milliseconds(1500), at: .seconds(10))
        parking.add("soon", of: subscription, for: .milliseconds(300), at: .seconds(10))
        #expect(parking.next == .milliseconds(10_300))
        #expect(parking.take(at: .milliseconds(10_299)).isEmpty)
        let groups = parking.take(at: .milliseconds(10_300))
        #expect(groups.keys.map(\.action) == [.extend(seconds: 0)])
        #expect(groups.values.flatMap { $0.map(\.ackID) } == ["soon"])
        #expect(parking.next == .milliseconds(11_500))
    }

    @Test
    func takesWhatIsDueTogetherBySubscription() {
        var parking = Parking()
        for number in 0..<4 {
            parking.add("\(number)", of: number < 3 ? subscription : "other", for: .milliseconds(100), at: .zero)
        }
        let groups = parking.take(at: .seconds(1))
        #expect(groups.count == 2)
        #expect(groups[.init(subscription: subscription, action: .extend(seconds: 0))]?.count == 3)
        #expect(parking.next == nil)
    }

    @Test
    func extendsWhatIsToWaitLongerThanAnyDeadline() {
        var parking = Parking()
        parking.add("a", of: subscription, for: .seconds(900), at: .zero)
        #expect(parking.next == .seconds(590))
        let groups = parking.take(at: .seconds(590))
        #expect(groups.keys.map(\.action) == [.extend(seconds: 320)])
        #expect(groups.values.first?.first?.left == .seconds(310))
    }

    @Test
    func hasRoomForSoManyOfEachSubscriptionAndForMoreWhenSomeHaveGoneBack() {
        var parking = Parking(most: 8, maxBytes: 1 << 20)
        parking.add("other", of: "other", for: .seconds(1), at: .zero)
        var count = 0
        while parking.hasRoom(for: subscription), count < 100 {
            parking.add("\(count)", of: subscription, for: .seconds(2), at: .zero)
            count += 1
        }
        #expect(count == 6)
        let othersHaveRoom = parking.hasRoom(for: "other")
        #expect(othersHaveRoom)
        _ = parking.take(at: .seconds(2))
        #expect(parking.count == 0)
        let hasRoomAgain = parking.hasRoom(for: subscription)
        #expect(hasRoomAgain)
    }
}
