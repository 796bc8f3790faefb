import GooglePubSub
import Logging
import Queue
import Testing

@testable import GooglePubSubSource

/// What the source does when the server answers as the emulator never does, on a stand-in.
@Suite(.timeLimit(.minutes(1)))
struct GooglePubSubSourceFailureTests {
    private static let subscription = "projects/p/subscriptions/s"

    @Test
    func doesNotHandOutWhatItHasLostBeforeAnybodyLeasedIt() async throws {
        try await StandIn.with { calls in
            let call = calls.last
            if call?.path.hasSuffix(":pull") == true {
                let isFirst = calls.count { $0.path.hasSuffix(":pull") } == 1
                // "e30=" is "{}".
                let messages = ["a", "b", "c"].map {
                    #"{"ackId":"\#($0)","message":{"data":"e30=","messageId":"\#($0)"}}"#
                }
                return (200, isFirst ? #"{"receivedMessages":[\#(messages.joined(separator: ","))]}"# : "{}")
            }
            if call?.path.hasSuffix(":modifyAckDeadline") == true {
                let details = #"[{"metadata":{"b":"PERMANENT_FAILURE_INVALID_ACK_ID"}}]"#
                return StandIn.error(400, "INVALID_ARGUMENT", details: details)
            }
            return (200, #"{"ackDeadlineSeconds":10}"#)
        } _: { standIn in
            let source = try await GooglePubSubSource(
                subscription: Self.subscription, client: standIn.client(), logger: .silent)
            try await source.connect()
            let first = try await source.lease(limit: 1)
            #expect(first.count == 1)
            while !standIn.requests.contains(where: { $0.path.hasSuffix(":modifyAckDeadline") }) {
                await source.keepHeld()
                try await Task.sleep(for: .milliseconds(50))
            }
            let rest = try await source.lease(limit: 10)
            #expect(rest.compactMap { GooglePubSubReceipt($0.receipt)?.ackID } == ["c"])
            await source.stop()
        }
    }
}
