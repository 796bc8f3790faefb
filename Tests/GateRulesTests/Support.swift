import GateRules
import Messages

func bytes(_ text: String) -> Bytes { Array(text.utf8)[...] }

/// Reads a gate as it would stand in the entry of a queue.
func read(_ type: String, _ parameters: String? = nil, hasPrometheus: Bool = true) -> Result<
    GateSettings, GateSettingsError
> {
    let reader = GateReader(hasPrometheus: hasPrometheus, poolID: "own")
    do throws(GateSettingsError) {
        return .success(try reader.read(type: type, parameters: parameters.map(bytes), at: "q.json: queues[1]"))
    } catch {
        return .failure(error)
    }
}

func problem<Value>(_ result: Result<Value, GateSettingsError>) -> String? {
    if case .failure(let error) = result { return error.description }
    return nil
}
