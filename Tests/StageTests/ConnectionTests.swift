import Foundation
import Loop
import Testing
import ZeroMQ

@testable import Stage

struct ConnectionTests {
    @Test(.timeLimit(.minutes(1)))
    func leavesTheLoopWithItsLastReferenceOnWhateverThread() async throws {
        var connection: Connection? = try await connect()
        let descriptor = await connection?.descriptor ?? -1
        #expect(await EventLoop.shared.isWatched(descriptor))
        connection = nil
        while await EventLoop.shared.isWatched(descriptor) { try await Task.sleep(for: .milliseconds(1)) }
    }

    @PipelineActor
    private func connect() throws -> Connection {
        let endpoint = try #require(NumericEndpoint("ipc:///tmp/ap-nobody-\(UInt32.random(in: 0 ... .max))"))
        return try Connection.connect(Context(), to: endpoint)
    }
}
