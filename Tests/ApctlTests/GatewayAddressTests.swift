import ArgumentParser
import Foundation
import Messages
import Testing

@testable import Apctl

struct GatewayAddressTests {
    /// What the stages get, and where a batch line for chat goes.
    @Test(arguments: [
        ("http://gpu:8000", "http://gpu:8000/v1/completions", "/v1/chat/completions"),
        ("https://gpu/", "https://gpu/v1/completions", "/v1/chat/completions"),
        ("http://gpu/v1", "http://gpu/v1/completions", "/v1/chat/completions"),
        ("http://gpu/v1/", "http://gpu/v1/completions", "/v1/chat/completions"),
        ("http://gpu/openai/v1", "http://gpu/openai/v1/completions", "/openai/v1/chat/completions"),
        ("http://gpu/v1beta/openai/", "http://gpu/v1beta/openai/completions", "/v1beta/openai/chat/completions"),
        ("http://gpu/team/", "http://gpu/team/completions", "/team/chat/completions"),
        (
            "http://gpu/openai/v1?api-version=3", "http://gpu/openai/v1/completions?api-version=3",
            "/openai/v1/chat/completions"
        ),
        ("http://gpu/team/v1/completions", "http://gpu/team/v1/completions", "/team/v1/chat/completions"),
        ("http://gpu/v1/chat/completions", "http://gpu/v1/chat/completions", "/v1/chat/completions"),
        ("http://gpu/completions", "http://gpu/completions", "/v1/chat/completions"),
        ("http://gpu/predict", "http://gpu/predict", "/v1/chat/completions"),
    ])
    func combinesABaseWithTheUrlOfABatchLine(given: String, url: String, chat: String) throws {
        let address = try GatewayAddress(given)
        #expect(address.url == url)
        #expect(address.path(for: "/v1/chat/completions") == chat)
        #expect(address.path(for: chat) == chat, "what names the base already stays")
    }

    @Test
    func aBasesNameIsNoPrefixOfAnotherWord() throws {
        #expect(try GatewayAddress("http://gpu/v1").path(for: "/v10/x") == "/v1/v10/x")
        #expect(try GatewayAddress("http://gpu/openai/v1").path(for: "/embeddings") == "/openai/v1/embeddings")
    }

    @Test(arguments: [
        ("messages", "/openai/v1/chat/completions"), ("input", "/openai/v1/embeddings"),
        ("prompt", "/openai/v1/completions"), ("anything", "/openai/v1/completions"),
    ])
    func theBodyTellsTheEndpointBelowABase(member: String, path: String) throws {
        #expect(try GatewayAddress("http://gpu/openai/v1").path(forBodyWith: { $0 == member }) == path)
        #expect(try GatewayAddress("http://gpu/openai/v1/completions").path(forBodyWith: { $0 == member }) == nil)
        #expect(try GatewayAddress("http://gpu/predict").path(forBodyWith: { $0 == member }) == nil)
    }

    @Test
    func whatOpenAIsVariableNamesIsABaseWhateverItsPath() throws {
        let address = try GatewayAddress("http://gpu/predict", isAlwaysBase: true)
        #expect(address.url == "http://gpu/predict/completions")
        #expect(address.path(for: "/v1/embeddings") == "/predict/embeddings")
        #expect(address.modelsPath == "/predict/models")
    }

    @Test(arguments: ["localhost", "ftp://gpu", "http://", "http://gpu:0", "http://g pu", "http://gpu#x"])
    func refusesWhatIsNoAddress(text: String) {
        #expect(throws: InvalidRequest.self) { try GatewayAddress(text) }
    }

    @Test
    func anOptionBeatsAVariableAndAFileBeatsAKey() throws {
        try withFolder { folder in
            let file = folder.file("token", "t")
            let environment = [
                "OPENAI_BASE_URL": "http://gpu/openai", "OPENAI_API_KEY": "sk-secret", "AP_TLS_CA_CERT": file,
                "AP_TLS_INSECURE_SKIP_VERIFY": "true",
            ]
            let named = try GatewayOptions.parse(["--gateway", "http://other/v1", "--token-file", file])
                .access(environment)
            #expect(named.address == (try GatewayAddress("http://other/v1")))
            #expect(
                named.arguments(tokenFile: try named.writtenToken(to: folder.path + "/own")) == [
                    "--gateway-token-file", file, "--tls-ca-cert", file, "--tls-insecure-skip-verify=true",
                ])
            #expect(!Files.exists(folder.path + "/own"))
            let unnamed = try GatewayOptions.parse([]).access(environment)
            #expect(unnamed.address.url == "http://gpu/openai/completions")
            #expect(!"\(unnamed)".contains("sk-secret"))
            #expect(try GatewayOptions.parse([]).access([:]).address.url == "http://localhost:30080/v1/completions")
        }
    }

    @Test(arguments: [
        ["--tls-ca-cert", "/nothing/here"], ["--tls-cert", "/dev/null"], ["--token-file", "/nothing/here"],
        ["--gateway", "gpu"],
    ])
    func refusesOptionsThatCannotWork(arguments: [String]) throws {
        let options = try GatewayOptions.parse(arguments)
        #expect(throws: (any Error).self) { try options.access([:]) }
    }

    @Test
    func aPasswordInAnAddressIsNotRepeated() throws {
        let options = try GatewayOptions.parse(["--gateway", "ftp://me:secret@gpu"])
        let error = #expect(throws: (any Error).self) { try options.access([:]) }
        #expect(error.map { "\($0)".contains("secret") } == false)
    }

    @Test
    func theKeyIsWrittenForItsOwnerAlone() throws {
        try withFolder { folder in
            let path = folder.path + "/token"
            let access = GatewayAccess(address: try GatewayAddress("http://gpu"), key: "sk-secret")
            for _ in 0..<2 {
                #expect(try access.writtenToken(to: path) == path)
                #expect(folder.text("token") == "sk-secret")
            }
            var status = stat()
            #expect(stat(path, &status) == 0)
            #expect(status.st_mode & 0o777 == 0o600)
        }
    }
}
