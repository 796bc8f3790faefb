import Loop
import Messages
import Synchronization
import Testing

@testable import GooglePubSub
@testable import GooglePubSubSource

@Suite(.timeLimit(.minutes(1)))
struct GooglePubSubClientTests {
    private static let subscription = "projects/p/subscriptions/s"

    /// What became of each ack id.
    @PipelineActor
    private func perform(
        _ standIn: StandIn, _ ackIDs: [String]
    ) async throws -> [DeliveryAnswer?] {
        var answers = [DeliveryAnswer?](repeating: nil, count: ackIDs.count)
        try await standIn.client().perform(.acknowledge, on: ackIDs, of: Self.subscription) { answers[$0] = $1 }
        return answers
    }

    @Test
    func fetchesAnotherTokenOnceWhenItsOwnIsRefused() async throws {
        try await StandIn.with { calls in
            calls.count == 1 ? StandIn.error(401, "UNAUTHENTICATED", "expired") : (200, "{}")
        } _: { standIn in
            _ = try await standIn.client().post("\(Self.subscription):acknowledge", Array("{}".utf8))
            #expect(standIn.requests.map(\.authorization) == ["Bearer token-1", "Bearer token-2"])
        }
    }

    @Test
    func saysThatItsCredentialsAreNotGoodWhenTheNextTokenIsRefusedToo() async throws {
        try await StandIn.with { _ in
            StandIn.error(401, "UNAUTHENTICATED", "who is that")
        } _: { standIn in
            let client = try await standIn.client()
            let error = await #expect(throws: GooglePubSubError.self) {
                try await client.post("projects/p/topics/t:publish", [])
            }
            #expect(standIn.requests.count == 2)
            #expect(error?.kind == .unauthenticated)
            #expect(
                error?.description
                    == "POST projects/p/topics/t:publish: 401 UNAUTHENTICATED who is that; "
                    + "the credentials are not good; docs/pubsub.md says where they are looked for")
        }
    }

    @Test(arguments: [
        ("IAM_PERMISSION_DENIED", "it takes roles/pubsub.publisher on the topic"),
        ("SERVICE_DISABLED", "SERVICE_DISABLED"),
    ])
    func saysWhatToGrantWhereARightIsMissing(_ cause: String, _ cure: String) async throws {
        try await StandIn.with { _ in
            StandIn.error(403, "PERMISSION_DENIED", "no", details: #"[{"reason":"\#(cause)"}]"#)
        } _: { standIn in
            let client = try await standIn.client()
            let error = await #expect(throws: GooglePubSubError.self) {
                try await client.post("projects/p/topics/t:publish", [])
            }
            #expect(
                error?.description == "POST projects/p/topics/t:publish: 403 PERMISSION_DENIED no; \(cure)")
        }
    }

    @Test(arguments: [
        (403, "PERMISSION_DENIED", GooglePubSubError.Kind.denied, "roles/pubsub.subscriber"),
        (404, "NOT_FOUND", .notFound, "docs/pubsub.md"), (400, "INVALID_ARGUMENT", .invalid, "400"),
        (429, "RESOURCE_EXHAUSTED", .unavailable, "429"), (503, "UNAVAILABLE", .unavailable, "503"),
        (504, "DEADLINE_EXCEEDED", .unavailable, "504"), (500, "INTERNAL", .fault, "500"),
        (409, "ABORTED", .unavailable, "409"),
    ])
    func knowsWhichErrorsPass(_ status: Int, _ name: String, _ kind: GooglePubSubError.Kind, _ text: String)
        async throws
    {
        try await StandIn.with { _ in
            StandIn.error(status, name, "said so")
        } _: { standIn in
            let client = try await standIn.client()
            let error = await #expect(throws: GooglePubSubError.self) {
                try await client.post("\(Self.subscription):pull", [])
            }
            #expect(error?.kind == kind)
            #expect(error?.isTransient == (kind == .unavailable || kind == .fault))
            #expect(error?.description.contains("POST \(Self.subscription):pull: \(status) \(name) said so") == true)
            #expect(error?.description.contains(text) == true)
        }
    }

    @Test
    func saysThatNobodyAnswers() async throws {
        let client = try await GooglePubSubClient(
            environment: ["PUBSUB_EMULATOR_HOST": "127.0.0.1:1"], connections: 1)
        let error = await #expect(throws: GooglePubSubError.self) { try await client.get(Self.subscription) }
        #expect(error?.kind == .noAnswer)
        #expect(error?.description.hasPrefix("GET \(Self.subscription): ") == true)
    }

    @Test
    func readsTheAnswerForEachAckIDAndTriesPassingFailuresAgain() async throws {
        let details = #"""
            [{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"x","metadata":
              {"b":"PERMANENT_FAILURE_INVALID_ACK_ID","c":"TRANSIENT_FAILURE_SERVICE_UNAVAILABLE"}}]
            """#
        try await StandIn.with { calls in
            calls.count == 1 ? StandIn.error(400, "FAILED_PRECONDITION", "some", details: details) : (200, "{}")
        } _: { standIn in
            let answers = try await perform(standIn, ["a", "b", "c"])
            #expect(answers == [.done, .lost, .done])
            #expect(standIn.requests.map(\.body) == [#"{"ackIds":["a","b","c"]}"#, #"{"ackIds":["c"]}"#])
        }
    }

    @Test
    func givesUpOnFailuresThatDoNotPass() async throws {
        let details = #"[{"metadata":{"a":"TRANSIENT_FAILURE_SERVICE_UNAVAILABLE"}}]"#
        try await StandIn.with { _ in
            StandIn.error(400, "INVALID_ARGUMENT", "some", details: details)
        } _: { standIn in
            let error = await #expect(throws: GooglePubSubError.self) { try await perform(standIn, ["a", "b"]) }
            #expect(error?.kind == .unavailable)
            #expect(standIn.requests.count == 4)
        }
    }

    @Test
    func findsTheOneThatIsToBlameWhenTheServerDoesNotSay() async throws {
        try await StandIn.with { calls in
            calls.last?.body.contains("bad") == true ? StandIn.error(400, "INVALID_ARGUMENT", "") : (200, "{}")
        } _: { standIn in
            let ackIDs = ["a", "b", "bad 1", "c", "d", "e", "f", "bad 2", "g"]
            let answers = try await perform(standIn, ackIDs)
            #expect(answers == ackIDs.map { $0.hasPrefix("bad") ? .lost : .done })
        }
    }

    @Test
    func asksAgainWithFewerWhenTheServerFailsAtMany() async throws {
        try await StandIn.with { calls in
            let count = calls.last.map { $0.body.split(separator: ",").count } ?? 0
            return count > 3 ? StandIn.error(500, "INTERNAL", "PROTOCOL_ERROR") : (200, "{}")
        } _: { standIn in
            let answers = try await perform(standIn, (0..<8).map { "id \($0)" })
            #expect(answers.allSatisfy { $0 == .done })
            #expect(standIn.requests.count == 7)
        }
    }

    @Test
    func saysSoWhenTheServerFailsAtASingleOne() async throws {
        try await StandIn.with { _ in
            StandIn.error(500, "INTERNAL", "broken")
        } _: { standIn in
            await #expect(throws: GooglePubSubError.self) { try await perform(standIn, ["a", "b", "c", "d"]) }
            #expect(standIn.requests.count == 3)
        }
    }

    @Test
    func cutsManyAckIDsIntoCalls() async throws {
        try await StandIn.with { _ in
            (200, "{}")
        } _: { standIn in
            let answers = try await perform(standIn, (0..<2500).map { "id \($0)" })
            #expect(answers.allSatisfy { $0 == .done })
            #expect(standIn.requests.count == 3)
        }
    }

    @Test
    func readsTheBacklogFromMonitoringAndNothingWhereItMayNot() async throws {
        let isAllowed = Mutex(true)
        try await StandIn.with { _ in
            isAllowed.withLock(\.self)
                ? (200, #"{"timeSeries":[{"points":[{"value":{"int64Value":"1234"}}]}]}"#)
                : StandIn.error(403, "PERMISSION_DENIED", "no")
        } _: { standIn in
            let client = try await standIn.client()
            #expect(await SubscriptionBacklog.read(Self.subscription, client) == 1234)
            let request = try #require(standIn.requests.first)
            #expect(request.path == "/v3/projects/p/timeSeries")
            #expect(request.query["filter"]?.contains("num_undelivered_messages") == true)
            #expect(request.authorization == "Bearer token-1")
            isAllowed.withLock { $0 = false }
            #expect(await SubscriptionBacklog.read(Self.subscription, client) == nil)
        }
    }
}
