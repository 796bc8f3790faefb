import Foundation
import HTTP
import Loop
import Testing

@testable import GoogleAuth

@Suite(.timeLimit(.minutes(1)))
struct GoogleTokensTests {
    private let folder: Folder
    private let clock = HandClock()

    init() throws { folder = try Folder() }

    @Test
    func fiftyCallersAtOnceCauseOneRequest() async throws {
        let gate = Gate()
        try await withTokenServer { request in
            await gate.wait()
            return .token("token-\(request.number)")
        } _: { server in
            let tokens = try await GoogleTokens(server, clock, folder)
            let answers = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<50 { group.addTask { try await tokens.token() } }
                #expect(await eventually { await tokens.waiting == 50 })
                gate.open()
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers == Array(repeating: "token-1", count: 50))
            #expect(server.requests.count == 1)
            #expect(try await tokens.token() == "token-1")
            #expect(server.requests.count == 1)
        }
    }

    @Test
    func cancellingTheFirstCallerDoesNotFailTheOthers() async throws {
        let gate = Gate()
        try await withTokenServer { request in
            await gate.wait()
            return .token("token-\(request.number)")
        } _: { server in
            let tokens = try await GoogleTokens(server, clock, folder)
            let first = Task { await tokens.error() }
            #expect(await eventually { await tokens.waiting == 1 })
            let second = Task { try await tokens.token() }
            #expect(await eventually { await tokens.waiting == 2 })

            first.cancel()
            #expect(await first.value?.kind == .cancelled)
            #expect(await tokens.waiting == 1)
            gate.open()
            #expect(try await second.value == "token-1")
            #expect(server.requests.count == 1)
        }
    }

    @Test
    func aCallerWhoIsCancelledBeforehandGetsNoTokenThatMustBeWaitedFor() async throws {
        let gate = Gate()
        try await withTokenServer { _ in
            await gate.wait()
            return .token("token")
        } _: { server in
            let tokens = try await GoogleTokens(server, clock, folder)
            let caller = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return await tokens.error()
            }
            #expect(await caller.value?.kind == .cancelled)
            gate.open()
            #expect(try await tokens.token() == "token")
            #expect(server.requests.count == 1)
        }
    }

    @Test
    func fetchesTheNextTokenEarlyAndMeanwhileUsesTheOld() async throws {
        let gate = Gate()
        try await withTokenServer { request in
            if request.number == 2 { await gate.wait() }
            return .token("token-\(request.number)")
        } _: { server in
            let tokens = try await GoogleTokens(server, clock, folder)
            #expect(try await tokens.token() == "token-1")
            await clock.advance(3300)
            #expect(try await tokens.token() == "token-1")
            #expect(server.requests.count == 1)

            await clock.advance(100)
            #expect(try await tokens.token() == "token-1")
            #expect(try await tokens.token() == "token-1")
            gate.open()
            #expect(await eventually { await tokens.result() == .success("token-2") })
            #expect(server.requests.count == 2)
        }
    }

    @Test
    func keepsTheOldTokenWhileRefreshingFailsAndAsksLessAndLessOften() async throws {
        try await withTokenServer { request in
            switch request.number {
            case 2, 3: .error(503, "unavailable", "try again")
            default: .token("token-\(request.number)")
            }
        } _: { server in
            let tokens = try await GoogleTokens(server, clock, folder)
            _ = try await tokens.token()
            await clock.advance(3400)
            for (request, pause) in [(2, 1), (3, 2)] {
                #expect(try await tokens.token() == "token-1")
                #expect(await eventually { await tokens.isIdle })
                #expect(await tokens.failure?.reason == "503 unavailable: try again")
                #expect(try await tokens.token() == "token-1")
                #expect(server.requests.count == request)
                await clock.advance(pause)
            }
            #expect(try await tokens.token() == "token-1")
            #expect(await eventually { await tokens.result() == .success("token-4") })
            #expect(await tokens.failure == nil)
        }
    }

    @Test
    func failsOnceTheOldTokenHasEndedAndNoneCanBeHad() async throws {
        try await withTokenServer {
            $0.number == 1 ? .token("token") : .error(503, "unavailable", "")
        } _: { server in
            let tokens = try await GoogleTokens(server, clock, folder)
            _ = try await tokens.token()
            await clock.advance(3600)
            let error = try #require(await tokens.error())
            #expect(error.description == "POST \(server.url()): 503 unavailable")
            #expect(error.isTransient)
            #expect(await tokens.error() == error)
            #expect(server.requests.count == 2)
        }
    }

    @Test
    func aFailureIsToldToAllWhoWait() async throws {
        let gate = Gate()
        try await withTokenServer { _ in
            await gate.wait()
            return .error(400, "invalid_grant", "Bad Request")
        } _: { server in
            let tokens = try await GoogleTokens(server, clock, folder)
            let errors = await withTaskGroup(of: GoogleAuthError?.self) { group in
                for _ in 0..<5 { group.addTask { await tokens.error() } }
                #expect(await eventually { await tokens.waiting == 5 })
                gate.open()
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(errors.map { $0?.reason }) == ["400 invalid_grant: Bad Request"])
            #expect(errors.allSatisfy { $0?.isTransient == false })
            #expect(server.requests.count == 1)
        }
    }

    @Test
    func manyWhoInvalidateTheSameTokenCauseOneRequest() async throws {
        try await withTokenServer {
            .token("token-\($0.number)")
        } _: { server in
            let tokens = try await GoogleTokens(server, clock, folder)
            let old = try await tokens.token()
            let answers = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        await tokens.invalidate(old)
                        return try await tokens.token()
                    }
                }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            #expect(answers == ["token-2"])
            await tokens.invalidate(old)
            #expect(try await tokens.token() == "token-2")
            #expect(server.requests.count == 2)
        }
    }

    @Test
    func endsItsExchangeWithItself() async throws {
        let gate = Gate()
        try await withTokenServer { request in
            if request.number == 2 { await gate.wait() }
            return .token("token-\(request.number)")
        } _: { server in
            let client = try await HTTPClient()
            let credentials = try folder.credentials(userFields(tokenURL: server.url()))
            var tokens: GoogleTokens? = await GoogleTokens(credentials, client: client) { [clock] in clock.now }
            _ = try await tokens?.token()
            await clock.advance(3500)
            _ = try await tokens?.token()
            #expect(await eventually { await client.active == 1 })
            tokens = nil
            #expect(await eventually { await client.active == 0 })
            gate.open()
        }
    }
}
