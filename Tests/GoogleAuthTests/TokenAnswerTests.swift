import HTTP
import Loop
import Primitives
import Testing

@testable import GoogleAuth

@Suite(.timeLimit(.minutes(1)))
struct TokenAnswerTests {
    private let request = TokenRequest.form("https://oauth2.googleapis.com/token", [], secrets: [Secret("secret")])

    private func answer(_ status: Int, _ body: String) throws(GoogleAuthError) -> TokenAnswer {
        try TokenAnswer(HTTPResponse(statusCode: status, body: Array(body.utf8)[...]), to: request)
    }

    @Test(arguments: [
        (400, "invalid_grant", false), (401, "invalid_client", false), (403, "", false), (404, "", false),
        (302, "", false), (408, "", true), (429, "rate_limited", true), (500, "", true), (503, "", true),
        (400, "internal_failure", true), (400, "temporarily_unavailable", true),
    ])
    func tellsWhatPassesFromWhatStays(status: Int, code: String, isTransient: Bool) {
        let error = #expect(throws: GoogleAuthError.self) { try answer(status, #"{"error":"\#(code)"}"#) }
        #expect(error?.isTransient == isTransient)
    }

    @Test
    func saysWhatTheServerSaid() {
        let body = #"{"error":"invalid_grant","error_description":"Invalid JWT Signature"}"#
        let error = #expect(throws: GoogleAuthError.self) { try answer(400, body) }
        #expect(
            error?.description == "POST https://oauth2.googleapis.com/token: 400 invalid_grant: Invalid JWT Signature")
    }

    @Test(arguments: ["", "<html>secret</html>", "[]", #"{"error":7}"#, #""secret""#])
    func showsNothingOfABodyThatIsNoError(body: String) {
        let error = #expect(throws: GoogleAuthError.self) { try answer(502, body) }
        #expect(error?.reason == "502")
    }

    @Test
    func showsNoMoreThanALineOfWhatTheServerSaid() {
        let body = #"{"error":"a\r\nb","error_description":"\#(String(repeating: "x", count: 1000))"}"#
        let error = #expect(throws: GoogleAuthError.self) { try answer(400, body) }
        #expect(error?.reason.hasPrefix("400 a  b: xxx") == true)
        #expect((error?.reason.count ?? 0) < 310)
    }

    @Test(arguments: [
        ("", "it is not JSON"), (#"{"expires_in":1}"#, "access_token: it is missing or empty"),
        (#"{"access_token":"a"}"#, "expires_in: it is missing"),
        (#"{"access_token":"a","expires_in":1.5}"#, "expires_in: expected an integer, found a number or a boolean"),
    ])
    func namesTheFieldThatAnAnswerLacks(body: String, reason: String) {
        let error = #expect(throws: GoogleAuthError.self) { try answer(200, body).accessToken() }
        #expect(error?.reason == reason)
        #expect(error?.kind == .answer)
    }

    @Test
    func namesABadDate() {
        let error = #expect(throws: GoogleAuthError.self) {
            try answer(200, #"{"accessToken":"a","expireTime":"soon"}"#).impersonatedToken(at: .now())
        }
        #expect(error?.reason == "expireTime: expected a date such as 2030-01-31T12:00:00Z")
    }

    @Test(arguments: [
        ("1970-01-01T00:00:01Z", 1000), ("2020-02-29T12:00:00Z", 1_582_977_600_000),
        ("2020-02-29T12:00:00.123456789Z", 1_582_977_600_000), ("2020-02-29T13:30:00+01:30", 1_582_977_600_000),
        ("2020-02-29T10:30:00.5-01:30", 1_582_977_600_000),
    ])
    func readsTheDatesOfGoogle(text: String, expected: Int64) {
        #expect(milliseconds(ofDate: text) == expected)
    }

    @Test(arguments: ["", ".", "2020-02-29", "2020-13-01T00:00:00Z", "2020-02-29T12:00:00"])
    func refusesOtherDates(text: String) {
        #expect(milliseconds(ofDate: text) == nil)
    }

    @Test
    func aServerThatIsNotThereMayComeBack() async throws {
        let folder = try Folder()
        let port = try RefusingPort()
        let url = "http://127.0.0.1:\(port.number)/token"
        let error = try #require(await folder.credentials(userFields(tokenURL: url)).error())
        #expect(error.kind == .network)
        #expect(error.isTransient)
        #expect(error.action == "POST \(url)")
    }
}
