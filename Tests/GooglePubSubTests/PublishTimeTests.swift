import Foundation
import Testing

@testable import GooglePubSubSource

struct PublishTimeTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("2026-11-30T20:24:24Z", 1_796_070_264_000),
        ("2024-02-29T23:59:59.5Z", 1_709_251_199_500), ("2100-03-01T00:00:00.123456789Z", 4_107_542_400_123),
        ("2000-12-31T12:00:00.007Z", 978_264_000_007),
    ])
    func readsTimesOfUTC(text: String, milliseconds: Int64) {
        #expect(PublishTime.milliseconds(of: text) == milliseconds)
    }

    @Test
    func agreesWithTheSystemOnEveryDay() throws {
        let style = Date.ISO8601FormatStyle()
        for day in stride(from: Int64(0), to: 60_000, by: 1) {
            let date = Date(timeIntervalSince1970: Double(day * 86_400 + 3_661))
            #expect(PublishTime.milliseconds(of: date.formatted(style)) == (day * 86_400 + 3_661) * 1000)
        }
    }

    @Test(arguments: [
        "", "Z", "2026-11-30", "2026-11-30T20:24:24", "2026-11-30T20:24:24+01:00", "2026-13-30T20:24:24Z",
        "2026-00-30T20:24:24Z", "2026-11-30 20:24:24Z", "2026-11-30T20:24:24.Z", "2026-11-30T20:24:24.1234567890Z",
        "20x6-11-30T20:24:24Z", "2026-11-30T20:24:24.-5Z", "2026-11-30T20:24:24,5Z",
    ])
    func takesNothingElse(text: String) {
        #expect(PublishTime.milliseconds(of: text) == nil)
    }

    @Test
    func isReadFromThePull() throws {
        let json = """
            {"receivedMessages": [{"ackId": "a", "message": {"data": "e30=", "messageId": "7",
            "publishTime": "2026-11-30T20:24:24.250Z"}}, {"ackId": "b", "message": {"data": "e30="}}]}
            """
        let messages = try PullAnswer.messages(in: Array(json.utf8)[...])
        #expect(messages.map(\.publishedAt) == [1_796_070_264_250, 0])
    }
}
