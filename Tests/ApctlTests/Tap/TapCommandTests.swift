import ArgumentParser
import Testing

@testable import Apctl

struct TapCommandTests {
    @Test
    func readsEndpointsAndFilters() throws {
        let command = try TapCommand.parse([
            "tcp://emit:5574", "10.0.0.1:5572", "ipc:///run/tap", "--stage", "emit", "--stage", "retry", "--direction",
            "out", "--queue", "q", "--id", "a", "--payloads", "--rate", "20", "--json", "--count", "7",
        ])
        #expect(
            try command.endpoints.map(TapCommand.endpoint)
                == ["tcp://emit:5574", "tcp://10.0.0.1:5572", "ipc:///run/tap"])
        #expect(command.filter == TapFilter(stages: [.emit, .retry], direction: .output, queue: "q", id: "a"))
        #expect(command.payloads && command.json)
        #expect(command.rate == 20)
        #expect(command.count == 7)
    }

    @Test(arguments: [
        [], ["emit"], ["tcp://emit"], ["tcp://emit:0"], ["tcp://:5574"], ["tcp://*:5574"], ["tcp://emit:99999"],
        ["ipc://"], ["http://emit:80"], ["emit:5574", "--rate", "0"], ["emit:5574", "--count", "0"],
        ["emit:5574", "--stage", "settle"], ["emit:5574", "--direction", "up"],
    ])
    func refusesWhatMakesNoSense(arguments: [String]) {
        #expect {
            try TapCommand.parse(arguments)
        } throws: { TapCommand.exitCode(for: $0) == .validationFailure }
    }
}
