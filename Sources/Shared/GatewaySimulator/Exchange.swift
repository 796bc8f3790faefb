import Loop
import Messages

/// One request being answered.
@PipelineActor
final class Exchange {
    /// Where it stands.
    enum Stage {
        /// Above the concurrency limit, or held back.
        case waiting
        /// It takes one of the places.
        case running
        case over
    }

    let number: Int
    let request: GatewayRequest
    let connection: Connection
    let keepsAlive: Bool
    let answer: GatewayAnswer
    let latency: Duration
    var stage = Stage.waiting
    var timer: TimerID?
    /// Length and times of the answer, when they come from the capacity model.
    var measured: CapacityAnswer?
    /// Headers that the capacity model adds to the answer.
    var headers: [HeaderField] = []
    /// Called with the status before the last bytes of an answer are written: whoever has read it finds it recorded.
    var willAnswer: @PipelineActor (Int) -> Void = { _ in }

    init(
        number: Int, request: GatewayRequest, connection: Connection, keepsAlive: Bool, answer: GatewayAnswer,
        latency: Duration
    ) {
        self.number = number
        self.request = request
        self.connection = connection
        self.keepsAlive = keepsAlive
        self.answer = answer
        self.latency = latency
    }

    /// Writes `response` whole, then calls `done`.
    func respond(_ response: HTTPResponse, done: @escaping @PipelineActor () -> Void) {
        var response = response
        response.keepsAlive = keepsAlive
        willAnswer(response.status)
        connection.send(response.bytes) { [self] in
            done()
            if keepsAlive { connection.finishRequest() } else { connection.close() }
        }
    }

    /// Writes the head and half of the body, and closes the connection.
    func respondHalf(_ response: HTTPResponse) {
        connection.send(response.head + response.body.prefix(response.body.count / 2)) { [connection] in
            connection.close()
        }
    }

    /// Writes the head at once and the body in ten pieces over `time`.
    func trickle(_ response: HTTPResponse, over time: Duration, done: @escaping @PipelineActor () -> Void) {
        var response = response
        response.keepsAlive = keepsAlive
        let size = max(1, (response.body.count + 9) / 10)
        let pieces = stride(from: 0, to: response.body.count, by: size).map {
            Array(response.body[$0..<min($0 + size, response.body.count)])
        }
        connection.send(response.head)
        send(pieces[...], of: response.status, every: time / max(1, pieces.count), done: done)
    }

    private func send(
        _ pieces: ArraySlice<[UInt8]>, of status: Int, every pause: Duration, done: @escaping @PipelineActor () -> Void
    ) {
        guard let piece = pieces.first else {
            done()
            return keepsAlive ? connection.finishRequest() : connection.close()
        }
        timer = EventLoop.shared.schedule(after: pause) { [self] in
            if pieces.count == 1 { willAnswer(status) }
            connection.send(piece) { [self] in send(pieces.dropFirst(), of: status, every: pause, done: done) }
        }
    }
}
