import TestServers
import Testing

/// One connection to the real emulator.
@Suite(.serialized, .enabled(if: GooglePubSubEmulator.isInstalled, "\(GooglePubSubEmulator.hint)"))
struct GooglePubSubSessionTests {
    /// A topic `requests` with a subscription of the same name.
    private func withSubscription(
        _ change: (inout GooglePubSubSubscription) -> Void = { _ in },
        _ body: (GooglePubSubEmulator, GooglePubSubSession) async throws -> Void
    ) async throws {
        let emulator = try await GooglePubSubEmulator()
        let session = emulator.connect()
        for topic in ["requests", "dead-letters"] { try session.createTopic(topic) }
        var subscription = GooglePubSubSubscription(topic: "requests")
        subscription.ackDeadline = 10
        change(&subscription)
        try session.createSubscription("requests", subscription)
        try await body(emulator, session)
        emulator.kill()
    }

    /// Pulls until messages have come.
    private func next(_ session: GooglePubSubSession, from subscription: String = "requests") async throws
        -> [GooglePubSubDelivery]
    {
        let end = ContinuousClock.now + .seconds(20)
        while ContinuousClock.now < end {
            let deliveries = try session.pull(subscription)
            if !deliveries.isEmpty { return deliveries }
            try await Task.sleep(for: .milliseconds(20))
        }
        return []
    }

    @Test(.timeLimit(.minutes(1)))
    func carriesBytesAndAttributesAndForgetsWhatIsAcknowledged() async throws {
        try await withSubscription { _, session in
            #expect(try session.topics().contains("projects/lab/topics/requests"))
            let odd = GooglePubSubMessage([0, 255, 34, 92, 10], attributes: ["a \"b\"": "ü\n", "c": ""])
            let sent = [odd, GooglePubSubMessage("second")]
            let numbers = try session.publish(sent, to: "requests")
            #expect(Set(numbers).count == 2)
            let deliveries = try await next(session)
            #expect(deliveries.map(\.message) == sent)
            #expect(deliveries.map(\.messageID) == numbers)
            #expect(deliveries.allSatisfy { $0.deliveryAttempt == nil })
            try session.acknowledge(deliveries.map(\.ackID), of: "requests")
            #expect(try session.pull("requests") == [])
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func deliversAgainWhatIsGivenBackAndCountsThat() async throws {
        let prepare: (inout GooglePubSubSubscription) -> Void = {
            $0.isExactlyOnce = true
            $0.backoff = 0.1...1
            $0.deadLetter = .init(topic: "dead-letters", after: 5)
        }
        try await withSubscription(prepare) { _, session in
            try session.createSubscription("dead-letters", GooglePubSubSubscription(topic: "dead-letters"))
            let number = try session.publish([GooglePubSubMessage("m")], to: "requests")
            for attempt in 1...5 {
                let delivery = try #require(try await next(session).first)
                #expect(delivery.deliveryAttempt == attempt && delivery.messageID == number.first)
                try session.modifyAckDeadline([delivery.ackID], of: "requests", seconds: 0)
            }
            var letters: [GooglePubSubDelivery] = []
            let end = ContinuousClock.now + .seconds(20)
            while letters.isEmpty, ContinuousClock.now < end {
                // The emulator moves it when somebody pulls here once it is due again.
                #expect(try session.pull("requests") == [])
                letters = try session.pull("dead-letters")
                try await Task.sleep(for: .milliseconds(20))
            }
            let letter = try #require(letters.first)
            #expect(letter.message.text == "m")
            #expect(letter.message.attributes["CloudPubSubDeadLetterSourceSubscription"] == "requests")
            #expect(letter.message.attributes["CloudPubSubDeadLetterSourceDeliveryCount"] == "5")
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func keepsAwayWhatIsLeased() async throws {
        try await withSubscription { _, session in
            try session.publish([GooglePubSubMessage("m")], to: "requests")
            let first = try #require(try await next(session).first)
            #expect(try session.pull("requests") == [])
            try session.modifyAckDeadline([first.ackID], of: "requests", seconds: 0)
            #expect(try await next(session).map(\.message.text) == ["m"])
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func keepsTheOrderOfAKey() async throws {
        try await withSubscription({ $0.isOrdered = true }) { _, session in
            let messages = ["1", "2", "3"].map { GooglePubSubMessage(Array($0.utf8), orderingKey: "key") }
            try session.publish(messages, to: "requests")
            let deliveries = try await next(session)
            #expect(deliveries.map(\.message.text) == ["1", "2", "3"])
            #expect(deliveries.allSatisfy { $0.message.orderingKey == "key" })
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func saysWhatWasAskedAndWhatTheAnswerWas() async throws {
        try await withSubscription { (emulator, session) throws in
            #expect {
                try session.publish([GooglePubSubMessage("m")], to: "nowhere")
            } throws: { error in
                let failure = error as? GooglePubSubFailure
                return failure?.status == 404
                    && failure?.description.hasPrefix("POST /v1/projects/lab/topics/nowhere:publish: 404 ") == true
            }
            // An answer that says no is no reason to make a new connection.
            #expect(try session.pull("requests") == [])
            emulator.kill()
            #expect { try session.pull("requests") } throws: { ($0 as? GooglePubSubFailure)?.status == nil }
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func givesUpAtItsLimitAndConnectsAgain() async throws {
        try await withSubscription { (emulator, session) throws in
            let impatient = emulator.connect(limit: .milliseconds(500))
            _ = try impatient.topics()
            emulator.freeze()
            let begin = ContinuousClock.now
            #expect { try impatient.topics() } throws: { "\($0)".contains("no answer within 0.5 seconds") }
            #expect(ContinuousClock.now - begin < .seconds(5))
            emulator.thaw()
            #expect(try session.topics().count == 2)
            #expect(try impatient.topics().count == 2)
        }
    }
}
