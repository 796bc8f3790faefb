import Messages
import Testing

@testable import GatewaySimulator

struct HTTPRequestParserTests {
    private static let text =
        "POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nX: 1\r\n\r\nhelloGET /health HTTP/1.1\r\n\r\n"

    /// Every way to cut two requests in two.
    @Test(arguments: 0...text.utf8.count)
    func readsRequestsHoweverTheyAreCut(cut: Int) throws {
        let bytes = Array(Self.text.utf8)
        var parser = HTTPRequestParser()
        var requests: [HTTPRequest] = []
        for piece in [bytes[..<cut], bytes[cut...]] {
            parser.append(piece)
            while case .request(let request) = try parser.next() { requests.append(request) }
        }
        let headers = [HeaderField("Host", "a"), HeaderField("Content-Length", "5"), HeaderField("X", "1")]
        #expect(
            requests == [
                HTTPRequest(
                    method: "POST", target: "/v1/completions", headers: headers, body: Array("hello".utf8),
                    keepsAlive: true),
                HTTPRequest(method: "GET", target: "/health", headers: [], keepsAlive: true),
            ])
    }

    @Test
    func readsByteByByte() throws {
        var parser = HTTPRequestParser()
        var count = 0
        for byte in Self.text.utf8 {
            parser.append([byte])
            while case .request = try parser.next() { count += 1 }
        }
        #expect(count == 2)
    }

    @Test
    func keepsNothingOfThousandsOfRequests() throws {
        var parser = HTTPRequestParser()
        for _ in 0..<5000 {
            parser.append(Array(Self.text.utf8))
            guard case .request(let first) = try parser.next(), case .request = try parser.next() else {
                Issue.record("a request is missing")
                return
            }
            #expect(first.body.count == 5)
        }
        #expect(try parser.next() == .needsMore)
    }

    @Test(arguments: [
        ("HTTP/1.1", "", true), ("HTTP/1.1", "Connection: Close\r\n", false), ("HTTP/1.0", "", false),
        ("HTTP/1.0", "connection: keep-alive\r\n", true),
    ])
    func knowsWhetherTheConnectionGoesOn(version: String, header: String, expected: Bool) throws {
        var parser = HTTPRequestParser()
        parser.append(Array("GET / \(version)\r\n\(header)\r\n".utf8))
        guard case .request(let request) = try parser.next() else {
            Issue.record("no request")
            return
        }
        #expect(request.keepsAlive == expected)
    }

    @Test
    func asksForTheBodyOnce() throws {
        var parser = HTTPRequestParser()
        parser.append(Array("POST / HTTP/1.1\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n".utf8))
        #expect(try parser.next() == .wantsContinue)
        #expect(try parser.next() == .needsMore)
        parser.append([1])
        #expect(try parser.next() == .needsMore)
    }

    @Test
    func refusesAHeadWithoutEnd() throws {
        var parser = HTTPRequestParser()
        parser.append(Array("GET / HTTP/1.1\r\n".utf8))
        parser.append([UInt8](repeating: 0x41, count: HTTPRequestParser.maxHead))
        #expect(throws: HTTPParseError(status: 431, reason: "head above 262144 bytes")) { try parser.next() }
    }

    @Test
    func refusesABodyThatIsTooLarge() throws {
        var parser = HTTPRequestParser()
        parser.append(Array("POST / HTTP/1.1\r\nContent-Length: 9999999999\r\n\r\n".utf8))
        let error = #expect(throws: HTTPParseError.self) { try parser.next() }
        #expect(error?.status == 413)
    }
}
