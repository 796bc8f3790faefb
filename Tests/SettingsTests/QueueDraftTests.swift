import Messages
import Queue
import Testing

@testable import Settings

/// What is known of one queue, from wherever it was said, and the settings that come of it.
struct QueueDraftTests {
    private let gateway = "http://gateway/v1/completions"

    private func draft(_ name: String? = "reviews") -> QueueDraft {
        var draft = QueueDraft(subject: "--name.1", gatewaySubject: "--gateway.1")
        draft.name = name
        return draft
    }

    private var defaults: QueueDraft {
        var draft = QueueDraft(subject: "--name", gatewaySubject: "--gateway")
        (draft.name, draft.retryQueue, draft.resultQueue) = ("common", "later", "results")
        (draft.gateway, draft.objective) = (gateway, "batch")
        return draft
    }

    @Test
    func takesFromTheDefaultsWhatItDoesNotSay() {
        let completed = draft().completed(by: defaults)
        #expect(completed.name == "reviews", "a name belongs to one queue")
        #expect(completed.retryQueue == "later")
        #expect(completed.resultQueue == nil, "where results go is the server's default")
        #expect(completed.objective == "batch")
        #expect(completed.gateway == gateway)
        #expect(completed.gatewaySubject == "--gateway", "a gateway that makes no sense was given there")
        #expect(completed.subject == "--name.1")
    }

    @Test
    func keepsWhatItSays() {
        var own = draft()
        (own.retryQueue, own.objective, own.gateway) = ("mine", "", "http://other/")
        #expect(own.completed(by: defaults) == own)
    }

    @Test
    func keepsItsBaseWhereTheDefaultsHaveAWholeURL() throws {
        var own = draft()
        (own.gatewayBase, own.gatewayPath) = ("http://base/g", "/v1/chat")
        let settings = try own.completed(by: defaults).settings(resultDefault: "results", gatewayDefault: nil)
        #expect(settings.target == .base("http://base/g", path: "/v1/chat"))
    }

    @Test
    func fillsInWhatNobodySays() throws {
        let settings = try draft().settings(resultDefault: "results", gatewayDefault: gateway)
        #expect(
            settings
                == QueueSettings(
                    id: "reviews", name: "reviews", retryQueue: "retry-sortedset", resultDestination: nil,
                    defaultResultDestination: "results", target: .url(gateway), objective: ""))
        var based = draft()
        based.gatewayBase = "http://base"
        #expect(
            try based.settings(resultDefault: "", gatewayDefault: gateway).target
                == .base("http://base", path: "/v1/completions"))
    }

    @Test
    func takesThePathForOneOnTheDefaultGateway() throws {
        var own = draft()
        own.gatewayPath = "/v1/chat"
        let settings = try own.completed(by: defaults).settings(resultDefault: "r", gatewayDefault: nil)
        #expect(settings.target == .url("http://gateway/v1/chat"))
    }

    @Test
    func namesWhatIsMissingWhereItWouldStand() {
        #expect(throws: SettingsError("--name.1", "is missing")) {
            try draft(nil).settings(resultDefault: "r", gatewayDefault: gateway)
        }
        #expect(throws: SettingsError("--gateway.1", "is missing")) {
            try draft().settings(resultDefault: "r", gatewayDefault: nil)
        }
    }

    @Test(arguments: ["a\nb", String(repeating: "p", count: 201)])
    func refusesAPoolThatIsNoLabel(pool: String) {
        var own = draft()
        own.pool = pool
        #expect(
            throws: SettingsError(
                "--name.1", "the id of the worker pool has more than 200 bytes, or control characters")
        ) {
            _ = try own.settings(resultDefault: "r", gatewayDefault: "http://g/")
        }
    }

    @Test
    func namesTheFieldThatIsWrongAndWhereItWasSaid() {
        var common = defaults
        (common.pool, common.poolSubject) = ("a\nb", "--pool")
        (common.objective, common.objectiveSubject) = ("fine", "--objective")
        var own = draft()
        (own.objective, own.objectiveSubject) = ("a\nb", "queues[0].inference_objective")
        #expect(
            throws: SettingsError("queues[0].inference_objective", "the inference objective holds control characters")
        ) {
            _ = try own.settings(resultDefault: "r", gatewayDefault: gateway)
        }
        own.objective = "fine"
        let words = "the id of the worker pool has more than 200 bytes, or control characters"
        #expect(throws: SettingsError("--pool", words)) {
            _ = try own.completed(by: common).settings(resultDefault: "r", gatewayDefault: gateway)
        }
    }

    @Test(arguments: ["a\nb", "a\u{0}", "\u{7F}", "\t"])
    func refusesAnObjectiveThatIsNoHeader(objective: String) {
        var own = draft()
        own.objective = objective
        #expect(throws: SettingsError("--name.1", "the inference objective holds control characters")) {
            try own.settings(resultDefault: "r", gatewayDefault: gateway)
        }
    }

    @Test
    func blamesTheDefaultForAGatewayThatIsNone() {
        var bad = defaults
        bad.gateway = "ftp://gateway"
        let error = #expect(throws: SettingsError.self) {
            try draft().completed(by: bad).settings(resultDefault: "r", gatewayDefault: nil)
        }
        #expect(error?.subject == "--gateway")
        var own = draft()
        own.gateway = "ftp://gateway"
        let ownError = #expect(throws: SettingsError.self) {
            try own.completed(by: defaults).settings(resultDefault: "r", gatewayDefault: nil)
        }
        #expect(ownError?.subject == "--gateway.1")
    }

    @Test
    func standsOnceWithItsNameAndItsId() throws {
        func queue(_ name: String, id: String, at subject: String) throws -> (subject: String, settings: QueueSettings)
        {
            var draft = draft(name)
            draft.id = id
            return (subject, try draft.settings(resultDefault: "r", gatewayDefault: gateway))
        }
        let first = try queue("a", id: "1", at: "x")
        try checkUnique([first, queue("b", id: "2", at: "y")])
        #expect(throws: SettingsError("y", "another queue has the name a")) {
            try checkUnique([first, queue("a", id: "2", at: "y")])
        }
        #expect(throws: SettingsError("y", "another queue has the id 1")) {
            try checkUnique([first, queue("b", id: "1", at: "y")])
        }
    }
}
