import HTTP
import Loop

extension HTTPClient {
    /// Asks for a token once.
    func answer(to request: TokenRequest) async throws(GoogleAuthError) -> TokenAnswer {
        let response: HTTPResponse
        do throws(HTTPError) {
            response = try await self.response(to: request.http)
        } catch {
            throw GoogleAuthError(GoogleAuthError.Kind(error.kind), request.action, request.shown(error.reason))
        }
        return try TokenAnswer(response, to: request)
    }
}

extension GoogleAuthError.Kind {
    fileprivate init(_ kind: HTTPError.Kind) {
        switch kind {
        case .dns, .connect, .tls, .timeout, .connectionLost, .other: self = .network
        case .responseTooLarge, .undecodable, .tooManyRedirects: self = .answer
        case .invalidRequest, .invalidOption: self = .credentials
        case .cancelled: self = .cancelled
        }
    }
}
