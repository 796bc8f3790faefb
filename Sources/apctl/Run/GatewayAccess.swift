import Glibc
import Settings

/// The gateway of a run, and how dispatch gets to it.
struct GatewayAccess: Sendable, Equatable {
    var address: GatewayAddress
    /// Beats `key`.
    var tokenFile: String?
    /// The token itself.
    var key: Secret?
    var caCertificate: String?
    var certificate: String?
    var certificateKey: String?
    var skipsVerification: Bool

    init(
        address: GatewayAddress, tokenFile: String? = nil, key: String? = nil, caCertificate: String? = nil,
        certificate: String? = nil, certificateKey: String? = nil, skipsVerification: Bool = false
    ) {
        self.address = address
        self.tokenFile = tokenFile
        self.key = key.map { Secret($0) }
        self.caCertificate = caCertificate
        self.certificate = certificate
        self.certificateKey = certificateKey
        self.skipsVerification = skipsVerification
    }

    /// The file that dispatch reads the token from; `nil` without a token.
    ///
    /// - Parameter own: where the key is written, readable by its owner alone: command lines and environments are seen by
    ///   others, or kept.
    func writtenToken(to own: String) throws(RunError) -> String? {
        if let tokenFile { return tokenFile }
        guard let key else { return nil }
        unlink(own)
        let descriptor = open(own, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .system("create \(own)") }
        defer { close(descriptor) }
        let bytes = Array(key.value.utf8)
        guard write(descriptor, bytes, bytes.count) == bytes.count else { throw .system("write \(own)") }
        return own
    }

    /// Flags of dispatch.
    func arguments(tokenFile: String?) -> [String] {
        let files = [
            ("--gateway-token-file", tokenFile), ("--tls-ca-cert", caCertificate), ("--tls-cert", certificate),
            ("--tls-key", certificateKey),
        ]
        let named = files.flatMap { flag, file in file.map { [flag, $0] } ?? [] }
        return named + (skipsVerification ? ["--tls-insecure-skip-verify=true"] : [])
    }
}
