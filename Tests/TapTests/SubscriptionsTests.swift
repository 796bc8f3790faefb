import Testing

@testable import Tap

struct SubscriptionsTests {
    @Test(arguments: [
        ([""], "ingest.in.q.a", true), ([], "ingest.in.q.a", false), (["ingest."], "ingest.in.q.a", true),
        (["ingest.in.q.a"], "ingest.in.q.a", true), (["ingest.in.q.ab"], "ingest.in.q.a", false),
        (["emit.", "ingest.out"], "ingest.in.q.a", false), (["emit.", "ingest.in"], "ingest.in.q.a", true),
    ])
    func wantTopicsThatBeginAsSomebodyAsked(prefixes: [String], topic: String, isWanted: Bool) {
        var subscriptions = Subscriptions()
        for prefix in prefixes { subscriptions.update([1] + Array(prefix.utf8)) }
        #expect(subscriptions.want(Array(topic.utf8)) == isWanted)
        #expect(subscriptions.isEmpty == prefixes.isEmpty)
    }

    @Test
    func forgetWhatNobodyWantsAnyMore() {
        var subscriptions = Subscriptions()
        subscriptions.update([1, 65])
        subscriptions.update([1, 66])
        subscriptions.update([0, 65])
        #expect(!subscriptions.want([65, 1]))
        #expect(subscriptions.want([66, 1]))
        subscriptions.update([0, 66])
        #expect(subscriptions == Subscriptions())
    }

    @Test
    func wantEverythingRatherThanRememberAMillionPrefixes() {
        var subscriptions = Subscriptions()
        for number in 0...UInt8(Subscriptions.most) { subscriptions.update([1, 7, number]) }
        #expect(subscriptions.want([1, 2, 3]))
        for number in 0...UInt8(Subscriptions.most) { subscriptions.update([0, 7, number]) }
        #expect(subscriptions.isEmpty)
        #expect(!subscriptions.want([1, 2, 3]))
    }

    @Test(arguments: [[], [2, 65], [255]] as [[UInt8]])
    func ignoreWhatIsNoSubscription(message: [UInt8]) {
        var subscriptions = Subscriptions()
        subscriptions.update(message)
        #expect(subscriptions == Subscriptions())
    }
}
