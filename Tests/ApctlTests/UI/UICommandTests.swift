import ArgumentParser
import Testing

@testable import Apctl

struct UICommandTests {
    @Test(arguments: [
        [], ["--host", "localhost"], ["--host", "0.0.0.0"], ["--host", "::1"], ["--host", "[::1]"],
        ["--allow-name", "ops.example"], ["--allow-name", "10.0.0.7"], ["--allow-name", "[fe80::1]"], ["--port", "0"],
    ])
    func understands(arguments: [String]) throws { _ = try UICommand.parse(arguments) }

    @Test(arguments: [
        (["--host", "ops.example"], "--host ops.example: expected an address"),
        (["--host", "127.0.0.256"], "--host 127.0.0.256: expected an address"),
        (["--host", ""], "--host : expected an address"),
        (["--allow-name", "ops.example:80"], "--allow-name ops.example:80: expected a name"),
        (["--allow-name", "fe80::1"], "--allow-name fe80::1: expected a name"),
        (["--interval", "50ms"], "--interval is 100ms or more"), (["--port", "65536"], "--port"),
    ])
    func saysWhatMakesNoSense(arguments: [String], message: String) {
        let error = #expect(throws: (any Error).self) { try UICommand.parse(arguments) }
        guard let error else { return }
        #expect(UICommand.message(for: error).contains(message))
        #expect(UICommand.exitCode(for: error) == .validationFailure)
    }

    @Test
    func onlyShowsUnlessItIsToldTo() throws {
        let command = try UICommand.parse([])
        #expect(!command.allowChanges)
        #expect(command.host == "127.0.0.1")
    }
}
