import Loop
import Messages

extension HTTPClient {
    /// Carries out one exchange and waits for its answer, whatever its status.
    ///
    /// - Throws: when there was no whole answer; `cancelled` soon after the task was, with the exchange ended.
    package func response(to request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        let wait = Wait()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { wait.begin(request, on: self, $0) }
        } onCancel: {
            Task { @PipelineActor in wait.cancel(on: self) }
        }
        return try result.get()
    }
}

/// One exchange that a task waits for; its continuation is resumed by whoever takes it first.
@PipelineActor
private final class Wait {
    private var transfer: TransferID?
    private var continuation: CheckedContinuation<Result<HTTPResponse, HTTPError>, Never>?
    private var isCancelled = false
    private var action = ""

    func begin(
        _ request: HTTPRequest, on client: HTTPClient,
        _ continuation: CheckedContinuation<Result<HTTPResponse, HTTPError>, Never>
    ) {
        action = "\(request.method.rawValue) \(redacted(request.url))"
        self.continuation = continuation
        if isCancelled { return end(cancelled) }
        transfer = client.start(request) { [self] in end($0) }
    }

    func cancel(on client: HTTPClient) {
        isCancelled = true
        guard let transfer else { return }
        client.cancel(transfer)
        end(cancelled)
    }

    private var cancelled: Result<HTTPResponse, HTTPError> {
        .failure(HTTPError(.cancelled, action, "the task was cancelled"))
    }

    private func end(_ result: Result<HTTPResponse, HTTPError>) {
        transfer = nil
        continuation?.resume(returning: result)
        continuation = nil
    }
}
