import Foundation
import GatewaySimulator
import HTTP
import Loop
import Messages
import Settings

/// What a gateway answers to the question for its models.
enum GatewayCheck: Equatable, Sendable {
    case models([String])
    /// It answers, but has no list.
    case noList(status: Int)
    case refused(status: Int)
    /// It answers, and cannot be used now.
    case notReady(status: Int)
    /// No answer came; why, and what may cure it.
    case silent(String)

    /// Sends one GET, which costs nothing.
    @PipelineActor
    static func ask(_ access: GatewayAccess, timeout: Duration = .seconds(10)) async -> GatewayCheck {
        do {
            let tls = TLSOptions(
                caCertificateFile: access.caCertificate, certificateFile: access.certificate,
                keyFile: access.certificateKey, skipsVerification: access.skipsVerification)
            let client = try HTTPClient(HTTPClientOptions(connectTimeout: timeout, tls: tls))
            let url = try GatewayTarget.url(access.address.url).resolve(endpoint: access.address.modelsPath)
            let headers = try access.readToken().map { [HeaderField("Authorization", "Bearer \($0)")] } ?? []
            let request = HTTPRequest(.get, url: url, headers: headers, timeout: timeout)
            return read(try await client.response(to: request))
        } catch let error as HTTPError {
            return .silent("\(error)\(cure(error.kind))")
        } catch {
            return .silent("\(error)")
        }
    }

    private static func read(_ response: HTTPResponse) -> GatewayCheck {
        switch response.statusCode {
        case 200..<300:
            let list = JSONText.members(of: response.body)?.last { $0.key == "data" }?.value
            guard let models = list.flatMap({ JSONText.elements(of: $0) }) else {
                return .noList(status: response.statusCode)
            }
            return .models(
                models.compactMap { model in
                    JSONText.members(of: model)?.last { $0.key == "id" }.flatMap { JSONText.string($0.value) }
                })
        case 401, 403: return .refused(status: response.statusCode)
        case 408, 425, 429, 500...599: return .notReady(status: response.statusCode)
        default: return .noList(status: response.statusCode)
        }
    }

    private static func cure(_ kind: HTTPError.Kind) -> String {
        switch kind {
        case .dns: ". Is the name right, and known on this machine?"
        case .connect: ". Does the gateway run there, and may this machine connect to it?"
        case .tls: ". --tls-ca-cert names an authority of your own, --tls-cert and --tls-key who you are"
        case .connectionLost: ". Is it http where it should be https, or the other way round?"
        default: ""
        }
    }
}

extension GatewayAccess {
    /// The token; `nil` without one.
    func readToken() throws(RunError) -> String? {
        guard let tokenFile else { return key?.value }
        guard let text = try? String(contentsOfFile: tokenFile, encoding: .utf8) else {
            throw .system("read \(tokenFile)")
        }
        let token = text.trimmingCharacters(in: .whitespacesAndNewlines)
        if token.isEmpty { throw RunError("\(tokenFile) is empty") }
        return token
    }
}
