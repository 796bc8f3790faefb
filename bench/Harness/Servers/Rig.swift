import Glibc
import Processes

/// Everything of a run that is running: gateway, stages, queue server.
package struct Rig: Sendable {
    package let pipeline: Pipeline
    package let measured: [MeasuredProcess]
}

extension Surroundings {
    /// Starts a gateway and the stages, lets `body` measure, and ends them.
    ///
    /// - Parameters:
    ///   - layout: whose queue's requests go to the gateway.
    ///   - server: the queue server, if there is one.
    package func withStages<Value>(
        _ layout: PipelineLayout, gateway: some Gateway, server: Int32?, body: (Rig) async throws -> Value
    ) async throws -> Value {
        let pipeline = try Pipeline(layout, folder: folder, executable: executable)
        do {
            try await gateway.start()
            try await pipeline.start()
            var measured: [MeasuredProcess] = await pipeline.identifiers()
            if let server { measured.append((part: "redis", pid: server)) }
            if let pid = await gateway.process.processIdentifier { measured.append((part: gateway.part, pid: pid)) }
            let value = try await body(Rig(pipeline: pipeline, measured: measured))
            try await pipeline.requireRunning()
            await pipeline.end()
            await gateway.process.end()
            return value
        } catch {
            await pipeline.end()
            await gateway.process.end()
            throw error
        }
    }

    /// Lets `body` talk to a gateway without stages.
    package func with<Value>(_ gateway: some Gateway, body: () async throws -> Value) async throws -> Value {
        do {
            try await gateway.start()
            let value = try await body()
            await gateway.process.end()
            return value
        } catch {
            await gateway.process.end()
            throw error
        }
    }
}
