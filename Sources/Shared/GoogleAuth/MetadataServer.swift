import HTTP
import Loop
import Messages

/// The server that every machine of Google Cloud can ask who it is.
///
/// Source: cloud.google.com/compute/docs/access/authenticate-workloads#applications.
struct MetadataServer: Sendable {
    /// A name or an address, perhaps with a port.
    let host: String
    /// Why nothing better was found; an answer is missing where there is no such server, and this says what to do.
    private let occasion: String

    init(_ environment: [String: String], occasion: String) throws(GoogleAuthError) {
        host = environment.nonEmpty("GCE_METADATA_HOST") ?? "metadata.google.internal"
        self.occasion = occasion
        if host.contains(where: { "/@?#".contains($0) || $0.isWhitespace }) {
            throw GoogleAuthError(.credentials, "use GCE_METADATA_HOST", "expected a host, or a host and a port")
        }
    }

    @PipelineActor
    func accessToken(over client: HTTPClient) async throws(GoogleAuthError) -> AccessToken {
        do throws(GoogleAuthError) {
            return try await client.answer(to: request).accessToken()
        } catch {
            throw GoogleAuthError(error.kind, error.action, "\(error.reason) (asked because \(occasion))")
        }
    }

    private var request: TokenRequest {
        .get(
            "http://\(host)/computeMetadata/v1/instance/service-accounts/default/token",
            headers: [HeaderField("Metadata-Flavor", "Google")])
    }
}

extension [String: String] {
    /// A variable's value; an empty one counts as none.
    func nonEmpty(_ name: String) -> String? { self[name].flatMap { $0.isEmpty ? nil : $0 } }
}
