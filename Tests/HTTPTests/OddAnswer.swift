import Foundation
import Testing

@testable import HTTP

/// What a server does with one request that is no ordinary answer, and what that has to become.
///
/// A new oddity is one line in `all`.
struct OddAnswer: Sendable, CustomTestStringConvertible {
    enum Step: Sendable {
        case send([UInt8])
        /// Milliseconds.
        case pause(UInt32)
        /// Ends the connection.
        case close
    }

    enum Becomes: Sendable {
        case answer(Int, String)
        case error(HTTPError.Kind, String)
    }

    let name: String
    let steps: [Step]
    let becomes: Becomes
    /// Whether the next request may come on the same connection; `nil` where the connection ends by itself.
    let keeps: Bool?

    var testDescription: String { name }

    /// Whether something comes some time after something else.
    var takesItsTime: Bool {
        steps.contains { step in
            if case .pause = step { return true }
            return false
        }
    }

    init(_ name: String, _ steps: [Step], _ becomes: Becomes, keeps: Bool? = nil) {
        (self.name, self.steps, self.becomes, self.keeps) = (name, steps, becomes, keeps)
    }

    /// One piece of text.
    init(_ name: String, _ text: String, _ becomes: Becomes, keeps: Bool? = nil) {
        self.init(name, [.send(Array(text.utf8))], becomes, keeps: keeps)
    }

    /// One piece of text, then the end of the connection.
    init(_ name: String, closing text: String, _ becomes: Becomes) {
        self.init(name, [.send(Array(text.utf8)), .close], becomes)
    }
}

extension Connection {
    func carryOut(_ odd: OddAnswer) -> Bool {
        for step in odd.steps {
            switch step {
            case .send(let bytes): send(bytes)
            case .pause(let milliseconds): Barrier.pause(milliseconds: milliseconds)
            case .close: return false
            }
        }
        return true
    }
}

private let ok = OddAnswer.Becomes.answer(200, "{}")
private let evil = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
private let hello = "hello hello hello hello hello"
private let gzip = "H4sIAAAAAAACA8tIzcnJV8jATgIA9tJTOB0AAAA="

private func lost(_ reason: String) -> OddAnswer.Becomes { .error(.connectionLost, reason) }

private func head(_ fields: String, status: String = "200 OK") -> String {
    "HTTP/1.1 \(status)\r\n\(fields.isEmpty ? "" : fields + "\r\n")\r\n"
}

private func chunked(_ body: String, fields: String = "Transfer-Encoding: chunked") -> String { head(fields) + body }

private func coded(_ base64: String, _ coding: String, dropping: Int = 0, adding: String = "") -> [OddAnswer.Step] {
    let bytes = Array(Data(base64Encoded: base64) ?? Data()).dropLast(dropping) + Array(adding.utf8)
    return [
        .send(Array(head("Content-Encoding: \(coding)\r\nContent-Length: \(bytes.count)").utf8)), .send(Array(bytes)),
    ]
}

private func pieces(_ texts: String..., pause: UInt32 = 5) -> [OddAnswer.Step] {
    texts.flatMap { [.send(Array($0.utf8)), .pause(pause)] }
}

extension OddAnswer {
    static let all = heads + lengths + surpluses + chunks + codings

    private static let heads: [OddAnswer] = [
        OddAnswer("100, then 200", head("", status: "100 Continue") + answer(200, "{}"), ok, keeps: true),
        OddAnswer("103, then 200", head("Link: </a>", status: "103 Early Hints") + answer(200, "{}"), ok, keeps: true),
        OddAnswer("a length in a 102", head("Content-Length: 9", status: "102 P") + answer(200, "{}"), ok, keeps: true),
        OddAnswer(
            "40 interim answers", pieces(String(repeating: head("", status: "102 P"), count: 40), answer(200, "{}")),
            ok, keeps: true),
        OddAnswer(
            "interim answers without end", String(repeating: head("X: y", status: "103 E"), count: 20_000),
            .error(.responseTooLarge, "headers are larger")),
        OddAnswer("100, then the end", closing: head("", status: "100 Continue"), lost("")),
        OddAnswer(
            "101", head("Upgrade: x\r\nConnection: upgrade", status: "101 Switching"), lost("changed the protocol")),
        OddAnswer("no reason phrase", "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\n{}", ok, keeps: true),
        OddAnswer("an empty reason phrase", "HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\n{}", ok, keeps: true),
        OddAnswer(
            "HTTP/2 in plain text", "HTTP/2 200\r\nContent-Length: 2\r\n\r\n{}",
            lost("does not begin with an HTTP/1.1 status line")),
        OddAnswer(
            "HTTP/2.0 in plain text", "HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", lost("does not begin with")),
        OddAnswer("HTTP/3", "HTTP/3 200 OK\r\nContent-Length: 2\r\n\r\n{}", lost("")),
        OddAnswer("HTTP/1.2", "HTTP/1.2 200 OK\r\nContent-Length: 2\r\n\r\n{}", lost("")),
        OddAnswer("HTTP/1.0", closing: "HTTP/1.0 200 OK\r\n\r\n{}", ok),
        OddAnswer(
            "HTTP/1.0 kept", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n{}", ok, keeps: true
        ),
        OddAnswer("ICY", closing: "ICY 200 OK\r\n\r\n{}", lost("")),
        OddAnswer("HTTP without a version", closing: "HTTP 200 OK\r\nContent-Length: 2\r\n\r\n{}", lost("")),
        OddAnswer("a status line further in", closing: "  HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", lost("")),
        OddAnswer("only a body", closing: "{}", lost("")),
        OddAnswer("nothing", closing: "", lost("")),
        OddAnswer("status 0", answer(0, "{}"), lost("")),
        OddAnswer("status 000", "HTTP/1.1 000 Odd\r\nContent-Length: 2\r\n\r\n{}", lost("")),
        OddAnswer("status 099", "HTTP/1.1 099 Odd\r\nContent-Length: 2\r\n\r\n{}", lost("")),
        OddAnswer("status -20", "HTTP/1.1 -20 Odd\r\nContent-Length: 2\r\n\r\n{}", lost("")),
        OddAnswer("status 2000", answer(2000, "{}"), lost("")),
        OddAnswer("status 2x0", "HTTP/1.1 2x0 Odd\r\nContent-Length: 2\r\n\r\n{}", lost("")),
        OddAnswer("status 200OK", "HTTP/1.1 200OK\r\nContent-Length: 2\r\n\r\n{}", lost("")),
        OddAnswer("status 600", answer(600, "{}"), .answer(600, "{}"), keeps: true),
        OddAnswer("status 999", answer(999, "{}"), .answer(999, "{}"), keeps: true),
        OddAnswer("only line feeds", "HTTP/1.1 200 OK\nContent-Length: 2\n\n{}", ok, keeps: true),
        OddAnswer("a folded value", answer(200, "{}", headers: "X: a\r\n b\r\n"), ok, keeps: true),
        OddAnswer("a folded length", closing: head("Content-Length: 2\r\n 3") + "{}", lost("second line")),
        OddAnswer(
            "a folded transfer coding", closing: head("Transfer-Encoding:\r\n chunked") + "2\r\n{}\r\n0\r\n\r\n",
            .error(.undecodable, "nothing")),
        OddAnswer("white space before a colon", closing: head("Content-Length : 2") + "{}", lost("white space")),
        OddAnswer("NUL in a header", answer(200, "{}", headers: "X: a\0b\r\n"), lost("")),
        OddAnswer("a header without a colon", answer(200, "{}", headers: "nonsense\r\n"), lost("")),
        OddAnswer(
            "a header of 200 KB", answer(200, "{}", headers: "X: \(String(repeating: "a", count: 200_000))\r\n"),
            .error(.responseTooLarge, "a header of the answer is longer")),
        OddAnswer(
            "3,000 headers", answer(200, "{}", headers: String(repeating: "X: aaaaaaaaaaaaaaaa\r\n", count: 3000)), ok,
            keeps: true),
        OddAnswer(
            "300 KB of headers",
            answer(200, "{}", headers: String(repeating: "X: aaaaaaaaaaaaaaaa\r\n", count: 15_000)),
            .error(.responseTooLarge, "headers are larger")),
        OddAnswer("one byte at a time", answer(200, "{}").utf8.map { .send([$0]) }, ok, keeps: true),
    ]

    private static let lengths: [OddAnswer] = [
        OddAnswer("a length twice", answer(200, "{}", headers: "Content-Length: 2\r\n"), ok, keeps: true),
        OddAnswer("a list of equal lengths", head("Content-Length: 2, 2") + "{}", ok, keeps: true),
        OddAnswer("two lengths", answer(200, "{}", headers: "Content-Length: 5\r\n"), lost("two different")),
        OddAnswer("a list of lengths", head("Content-Length: 2, 5") + "{}", lost("two different")),
        OddAnswer("a negative length", head("Content-Length: -5") + "{}", lost("")),
        OddAnswer("a signed length", head("Content-Length: +2") + "{}", lost("no number")),
        OddAnswer("a length with a unit", head("Content-Length: 2b") + "{}", lost("no number")),
        OddAnswer("a hexadecimal length", head("Content-Length: 0x2") + "{}", lost("no number")),
        OddAnswer("an empty length", head("Content-Length:") + "{}", lost("")),
        OddAnswer(
            "a length above 2^64", head("Content-Length: 99999999999999999999") + "{}",
            .error(.responseTooLarge, "larger than")),
        OddAnswer(
            "a length of a terabyte", head("Content-Length: 1099511627776") + "{}",
            .error(.responseTooLarge, "larger than")),
        OddAnswer("no length", closing: head("") + "{}", ok),
        OddAnswer("a body that is cut", closing: head("Content-Length: 500") + "{}", lost("")),
        OddAnswer("204", head("", status: "204 No Content"), .answer(204, ""), keeps: true),
        OddAnswer(
            "204 with a length", head("Content-Length: 4", status: "204 No Content"), .answer(204, ""), keeps: true),
        OddAnswer(
            "204 with chunks", head("Transfer-Encoding: chunked", status: "204 No Content"), .answer(204, ""),
            keeps: true),
        OddAnswer("304", head("", status: "304 Not Modified"), .answer(304, ""), keeps: true),
        OddAnswer("200 without a body", answer(200, ""), .answer(200, ""), keeps: true),
        OddAnswer("zeros before a length", head("Content-Length: 0000000000000000000000002") + "{}", ok, keeps: true),
    ]

    private static let surpluses: [OddAnswer] = [
        OddAnswer("a second answer at once", answer(200, "{}") + evil, ok, keeps: false),
        OddAnswer("a second answer later", pieces(answer(200, "{}"), evil), ok, keeps: false),
        OddAnswer("half a second answer at once", answer(200, "{}") + evil.prefix(20), ok, keeps: false),
        OddAnswer(
            "an answer in two, with surplus", pieces(head("Content-Length: 2") + "{", "}" + evil), ok, keeps: false),
        OddAnswer("one byte too much", answer(200, "{}") + "\n", ok, keeps: false),
        OddAnswer(
            "408 on the idle connection",
            pieces(answer(200, "{}"), head("Connection: close\r\nContent-Length: 0", status: "408 T")) + [.close], ok,
            keeps: false),
        OddAnswer("a body after 204", head("", status: "204 N") + evil, .answer(204, ""), keeps: false),
        OddAnswer("a body after 204, later", pieces(head("", status: "204 N"), evil), .answer(204, ""), keeps: false),
        OddAnswer(
            "a body after 304", head("Content-Length: 4", status: "304 N") + "evil", .answer(304, ""), keeps: false),
        OddAnswer("a body after length 0", answer(200, "") + evil, .answer(200, ""), keeps: false),
        OddAnswer("half an answer after length 0", answer(503, "") + evil.prefix(17), .answer(503, ""), keeps: false),
        OddAnswer(
            "interim answer, length 0, surplus", head("", status: "103 E") + answer(200, "") + evil, .answer(200, ""),
            keeps: false),
        OddAnswer("an answer after chunks", chunked("2\r\n{}\r\n0\r\n\r\n") + evil, ok, keeps: false),
        OddAnswer("half an answer after chunks", chunked("2\r\n{}\r\n0\r\n\r\n") + evil.prefix(30), ok, keeps: false),
        OddAnswer("an answer after chunks, later", pieces(chunked("2\r\n{}\r\n0\r\n\r\n"), evil), ok, keeps: false),
        OddAnswer("an answer after trailers", chunked("2\r\n{}\r\n0\r\nA: b\r\n\r\n") + evil, ok, keeps: false),
        OddAnswer("the end of an idle connection", pieces(answer(200, "{}")) + [.close], ok, keeps: false),
    ]

    private static let chunks: [OddAnswer] = [
        OddAnswer("chunks", chunked("1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"), ok, keeps: true),
        OddAnswer(
            "chunks byte by byte", chunked("001\r\n{\r\n1;a=b\r\n}\r\n0\r\nX: y\r\n\r\n").utf8.map { .send([$0]) }, ok,
            keeps: true),
        OddAnswer(
            "trailers like a status line", chunked("2\r\n{}\r\n0\r\nHTTP/1.1 200 OK: x\r\n\r\n"), ok, keeps: true),
        OddAnswer(
            "a length beside chunks",
            chunked("2\r\n{}\r\n0\r\n\r\n", fields: "Content-Length: 3\r\nTransfer-Encoding: chunked"), ok, keeps: false
        ),
        OddAnswer(
            "chunks beside a length",
            chunked("2\r\n{}\r\n0\r\n\r\n", fields: "Transfer-Encoding: chunked\r\nContent-Length: 3"), ok, keeps: false
        ),
        OddAnswer(
            "chunks in HTTP/1.0",
            "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", ok,
            keeps: false),
        OddAnswer(
            "chunks twice", closing: chunked("2\r\n{}\r\n0\r\n\r\n", fields: "Transfer-Encoding: chunked, chunked"),
            .error(.undecodable, "chunked, chunked")),
        OddAnswer(
            "an unknown transfer coding", closing: chunked("{}", fields: "Transfer-Encoding: zip"),
            .error(.undecodable, "Transfer-Encoding zip")),
        OddAnswer("chunks that end early", closing: chunked("2\r\n{}\r\n"), lost("")),
        OddAnswer("a chunk that ends early", closing: chunked("40\r\n{}"), lost("")),
        OddAnswer("a chunk that is too long", chunked("1\r\n{}\r\n0\r\n\r\n"), lost("")),
        OddAnswer("a chunk without a size", chunked("\r\n{}\r\n0\r\n\r\n"), lost("")),
        OddAnswer("a negative chunk", chunked("-2\r\n{}\r\n0\r\n\r\n"), lost("")),
        OddAnswer("a size of 17 digits", chunked("00000000000000002\r\n{}\r\n0\r\n\r\n"), lost("")),
        OddAnswer("a size above 2^63", chunked("ffffffffffffffff\r\n{}\r\n0\r\n\r\n"), lost("")),
        OddAnswer("a chunk of 2^62", closing: chunked("4000000000000000\r\n{}"), lost("")),
        OddAnswer(
            "an extension without end", chunked("2;" + String(repeating: "a", count: 1 << 20)),
            .error(.responseTooLarge, "extensions are larger")),
        OddAnswer(
            "many extensions", chunked(String(repeating: "1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n{\r\n", count: 2000)),
            .error(.responseTooLarge, "extensions are larger")),
        OddAnswer(
            "many small chunks", chunked(String(repeating: "1\r\n{\r\n", count: 30_000) + "0\r\n\r\n"),
            .answer(200, String(repeating: "{", count: 30_000)), keeps: true),
        OddAnswer(
            "trailers without end", chunked("2\r\n{}\r\n0\r\n" + String(repeating: "A: b\r\n", count: 100_000)),
            .error(.responseTooLarge, "trailers are larger")),
        OddAnswer(
            "a trailer without end", chunked("2\r\n{}\r\n0\r\nA: " + String(repeating: "a", count: 100_000)),
            .error(.responseTooLarge, "a trailer")),
    ]

    private static let codings: [OddAnswer] = [
        OddAnswer("gzip", coded(gzip, "gzip"), .answer(200, hello), keeps: true),
        OddAnswer("x-gzip, in capitals", coded(gzip, "X-GZIP"), .answer(200, hello), keeps: true),
        OddAnswer(
            "gzip twice", coded("H4sIAAAAAAACA5Pv5mAAASbm0x5nT54MP3HAj4nh26VgC1mgIAC0v9ucHQAAAA==", "gzip, gzip"),
            .answer(200, hello), keeps: true),
        OddAnswer("deflate", coded("eJzLSM3JyVfIwE4CAKMQCuU=", "deflate"), .answer(200, hello), keeps: true),
        OddAnswer("bare deflate", coded("y0jNyclXyMBOAgA=", "deflate"), .answer(200, hello), keeps: true),
        OddAnswer("identity", answer(200, "{}", headers: "Content-Encoding: identity\r\n"), ok, keeps: true),
        OddAnswer("gzip that ends early", coded(gzip, "gzip", dropping: 10), lost("gzip data in it ends early")),
        OddAnswer("gzip without its last byte", coded(gzip, "gzip", dropping: 1), lost("gzip data in it ends early")),
        OddAnswer(
            "deflate that ends early", coded("eJzLSM3JyVfIwE4CAKMQCuU=", "deflate", dropping: 5),
            lost("deflate data in it ends early")),
        OddAnswer(
            "gzip with something behind", coded(gzip, "gzip", adding: "garbage"),
            .error(.undecodable, "something follows")),
        OddAnswer(
            "gzip that is none", answer(200, "plain", headers: "Content-Encoding: gzip\r\n"),
            .error(.undecodable, "Content-Encoding gzip")),
        OddAnswer(
            "utf-8", answer(200, "{}", headers: "Content-Encoding: utf-8\r\n"),
            .error(.undecodable, "Content-Encoding utf-8")),
        OddAnswer(
            "br", answer(200, "{}", headers: "Content-Encoding: br\r\n"), .error(.undecodable, "Content-Encoding br")),
        OddAnswer(
            "nine layers", answer(200, "{}", headers: String(repeating: "Content-Encoding: gzip\r\n", count: 9)),
            .error(.undecodable, "gzip, gzip")),
        OddAnswer(
            "an unknown coding of nothing", answer(200, "", headers: "Content-Encoding: utf-8\r\n"), .answer(200, ""),
            keeps: true),
    ]
}
