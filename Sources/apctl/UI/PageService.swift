import Status

/// What is answered on the port of the page.
struct PageService: PortService {
    let desk: UIDesk

    /// Bytes of the body of a request; all that the page sends is far below.
    private static let longestBody = 16 << 10

    /// A large queue is searched for a while, and the page may be on a slow line.
    var limits: PortLimits { PortLimits(answer: .seconds(600), write: .seconds(60), body: Self.longestBody) }

    var refusal: [UInt8] {
        UIAnswer.error(400, "expected a request of HTTP/1.1, with a body of \(Self.longestBody) bytes at most").message
    }

    func reply(to head: RequestHead, body: [UInt8]) -> PortReply {
        let request = UIRequest(
            method: head.method, path: head.path, query: head.query, headers: head.headers, body: body)
        switch desk.reply(to: request) {
        case .now(let answer): return .now(answer.message)
        case .later(let work): return .later(orElse: Self.silence) { await work().message }
        }
    }

    private static let silence = UIAnswer.error(
        503, "other searches and dead letters are being worked on; ask again in a while"
    ).message
}
