import GatewaySimulator
import Glibc
import Messages
import Testing

@testable import Chaos

struct BooksTests {
    private let traffic = Traffic()

    private func result(_ number: Int, to other: Int? = nil) -> [UInt8] {
        let body = Array(traffic.payload(number).utf8)
        return ResultEncoder().encode(
            id: "c\(other ?? number)",
            .answer(statusCode: 200, body: Array(Traffic.answer(to: number, body: body).utf8)[...]))
    }

    @Test
    func findsWhatIsLostTwiceWrongAndStrange() {
        let books = ResultBooks(traffic, clock: RunClock())
        books.produced(6)
        books.arrived([result(0), result(1), result(1), result(2, to: 3), result(5), Array("{}".utf8), result(99)])
        let summary = books.summary
        #expect(summary.requests == 6)
        #expect(summary.lost == [2, 4])
        #expect(summary.second == [1])
        #expect(summary.wrong == [3])
        #expect(summary.strangers.count == 2)
        #expect(books.answered == 4)
        #expect(books.seen.keys.sorted() == [0, 1, 3, 5])
    }

    @Test
    func keepsNoTimesWhenItMustNotGrow() {
        let books = ResultBooks(traffic, clock: RunClock(), keepsTimes: false)
        books.produced(1)
        books.arrived([result(0)])
        #expect(books.seen.isEmpty)
        #expect(books.summary.lost.isEmpty)
    }

    @Test
    func refusesTheShareItWasTold() {
        let behaviour = GatewayBehaviour(refused: 0.2)
        #expect(behaviour.refusal(drawn: 0.05) == .refusal(429, retryAfter: nil))
        #expect(behaviour.refusal(drawn: 0.12) == .refusal(503, retryAfter: nil))
        #expect(behaviour.refusal(drawn: 0.19) == .cutBeforeAnswer)
        #expect(behaviour.refusal(drawn: 0.2) == nil)
        #expect(GatewayBehaviour().refusal(drawn: 0) == nil)
    }

    @Test(.timeLimit(.minutes(1)))
    func writesDownWhoseEachAttemptWasAndHowItEnded() async throws {
        let clock = RunClock()
        let books = GatewayBooks(
            clock: clock, behaviour: GatewayBehaviour(latency: .milliseconds(20)), seed: 1)
        let gateway = try await GatewaySimulator.start(books.settings)
        let answer = try exchange(traffic.payload(7), token: "dispatch2", port: gateway.port)
        #expect(answer.hasSuffix(Traffic.answer(to: 7, body: Array(traffic.payload(7).utf8))))
        _ = try exchange(traffic.payload(8), token: "dispatch1", port: gateway.port, waits: false)
        _ = try exchange("{}", token: "", port: gateway.port)
        while books.attempts.count < 2 || books.attempts[1].ended == nil { try await Task.sleep(for: .milliseconds(2)) }
        #expect(books.attempts.map(\.request) == [7, 8])
        #expect(books.attempts.map(\.process) == ["dispatch2", "dispatch1"])
        #expect(books.attempts.map(\.outcome) == [.answered, .abandoned])
        #expect(books.attempts.allSatisfy { ($0.ended ?? .zero) > $0.began })
        #expect(books.strangers == 1)
        await gateway.stop()
    }

    /// Posts a body over a connection of its own, and returns the answer; or goes away without waiting.
    private func exchange(_ body: String, token: String, port: UInt16, waits: Bool = true) throws -> String {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = port.bigEndian
        let isConnected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        #expect(isConnected)
        let text =
            "POST /v1/completions HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer \(token)\r\nConnection: close\r\n"
            + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
        _ = Array(text.utf8).withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, 0) }
        if !waits { return "" }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = recv(descriptor, &buffer, buffer.count, 0), count > 0 { answer += buffer[..<count] }
        return String(decoding: answer, as: UTF8.self)
    }
}
