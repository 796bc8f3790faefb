/// The status port of a stage.
struct StatusService: PortService {
    let responder: StatusResponder
    /// How long the stage may take for an answer.
    let answerLimit: Duration

    var limits: PortLimits { PortLimits(answer: answerLimit) }

    var refusal: [UInt8] {
        let reason =
            "expected a GET of HTTP/1.1, of \(RequestHead.longestLine) bytes and \(RequestHead.longest) of headers at most"
        return StatusAnswer.json(.badRequest, StatusDocument.error(reason)).message
    }

    func reply(to head: RequestHead, body: [UInt8]) -> PortReply {
        switch responder.reply(to: head) {
        case .now(let answer): .now(answer.message)
        case .ask(let question):
            .later(orElse: responder.silence(about: question).message) {
                await responder.answer(to: question).message
            }
        }
    }
}
