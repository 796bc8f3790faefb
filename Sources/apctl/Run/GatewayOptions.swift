import ArgumentParser
import Glibc
import Messages

/// Which gateway, and who we are to it.
struct GatewayOptions: ParsableArguments {
    @Option(
        help: """
            URL of the gateway: an endpoint (…/v1/completions), or a base (http://host, …/v1) below which a line's url, or \
            what its body holds, names the endpoint. (default: $OPENAI_BASE_URL, without it http://localhost:30080)
            """)
    var gateway: String?
    @Option(
        help: """
            File with the bearer token for the gateway; read again when it changes. (default: $AP_GATEWAY_TOKEN_FILE; \
            without it the token is $OPENAI_API_KEY)
            """)
    var tokenFile: String?
    @Option(help: "Authorities trusted besides the system's (PEM file).") var tlsCaCert: String?
    @Option(help: "Our certificate (PEM file).") var tlsCert: String?
    @Option(help: "The key of our certificate (PEM file).") var tlsKey: String?
    @Flag(help: "Talk to the gateway whoever it is.") var tlsInsecureSkipVerify = false

    /// What the options and the environment say together; an option beats a variable, and an empty variable says nothing.
    func access(_ environment: [String: String]) throws -> GatewayAccess {
        func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let base = gateway == nil ? variable("OPENAI_BASE_URL") : nil
        let text = gateway ?? base ?? "http://localhost:30080"
        let address: GatewayAddress
        do {
            address = try GatewayAddress(text, isAlwaysBase: base != nil)
        } catch {
            throw ValidationError("\(base == nil ? "--gateway" : "OPENAI_BASE_URL") \(redacted(text)): \(error.reason)")
        }
        let isInsecure =
            tlsInsecureSkipVerify
            || ["1", "t", "true", "yes", "on"].contains(
                variable("AP_TLS_INSECURE_SKIP_VERIFY")?.lowercased())
        let access = GatewayAccess(
            address: address, tokenFile: tokenFile ?? variable("AP_GATEWAY_TOKEN_FILE"),
            key: variable("OPENAI_API_KEY"), caCertificate: tlsCaCert ?? variable("AP_TLS_CA_CERT"),
            certificate: tlsCert ?? variable("AP_TLS_CERT"), certificateKey: tlsKey ?? variable("AP_TLS_KEY"),
            skipsVerification: isInsecure)
        for file in [access.tokenFile, access.caCertificate, access.certificate, access.certificateKey] {
            guard let file, Glibc.access(file, R_OK) != 0 else { continue }
            throw ValidationError("\(file): \(String(cString: strerror(errno)))")
        }
        if (access.certificate == nil) != (access.certificateKey == nil) {
            throw ValidationError("--tls-cert and --tls-key come together, and one is missing.")
        }
        return access
    }
}
