import ArgumentParser
import Testing

@testable import Apctl

struct StageEnvironmentTests {
    @Test
    func passesOnWhatARunHasAUseForAndNothingOfOtherStages() {
        let environment = StageEnvironment([
            "PATH": "/bin", "AP_REQUEST_TIMEOUT": "5", "AP_BACKOFF_BASE": "0.1",
            "AP_MESSAGE_QUEUE_IMPL": "redis-pubsub",
            "AP_SQLITE_PATH": "/elsewhere", "AP_LISTEN": "tcp://0.0.0.0:1", "AP_METRICS_PORT": "tcp://10.0.0.1:9",
            "AP_TAP": "", "AP_GATEWAY_TOKEN_FILE": "/token", "OPENAI_API_KEY": "sk-secret",
        ])
        #expect(environment.variables == ["PATH": "/bin", "AP_REQUEST_TIMEOUT": "5", "AP_BACKOFF_BASE": "0.1"])
        #expect(environment.leftOut == ["AP_LISTEN", "AP_MESSAGE_QUEUE_IMPL", "AP_METRICS_PORT", "AP_SQLITE_PATH"])
    }

    @Test
    func theHelpNamesTheVariablesThatAreTaken() {
        let help = RunCommand.helpMessage(columns: 200)
        for name in StageEnvironment.taken + StageEnvironment.ofOptions { #expect(help.contains(name)) }
    }

    @Test
    func theLastWordsOfAStageAreItsErrors() throws {
        try withFolder { folder in
            let path = folder.file("a.log", "old error\n")
            let log = StageLog(path: path)
            #expect(log.lastWords == "")
            _ = folder.file("a.log", "old error\nhello\nworld\n")
            #expect(log.lastWords == "\n  hello\n  world")
            _ = folder.file("a.log", "old error\nError: no such flag\nUsage: emit [options]\n")
            #expect(log.lastWords == "\n  Error: no such flag")
        }
    }
}
