import ArgumentParser

struct HealthCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "Whether a stage is ready: exit 0 if it answers 200.",
        usage: "apctl health URL|--port PORT [--live] [--timeout 2s]",
        discussion: "Asks /readyz, or /healthz with --live, unless the URL names a path of its own."
    )

    @Argument(help: "Address of the stage's status endpoint, such as http://127.0.0.1:9092.") var url: String?
    @Option(help: "Port of a stage on this machine, instead of a URL.") var port: UInt16?
    @Flag(help: "Ask whether it is alive, not whether it is ready.") var live = false
    @Option(help: "How long to wait for the answer.") var timeout = TimeSpan(seconds: 2)

    func validate() throws { _ = try target }

    var target: HTTPAddress {
        get throws {
            let text: String
            switch (url, port) {
            case (let url?, nil): text = url
            case (nil, let port?): text = "http://127.0.0.1:\(port)"
            default: throw ValidationError("Give a URL or --port, one of both.")
            }
            guard var target = HTTPAddress(text) else {
                throw ValidationError("\(text) is not a URL like http://host:port")
            }
            if target.path == "/" { target.path = live ? "/healthz" : "/readyz" }
            return target
        }
    }

    func run() throws {
        let target = try target
        do throws(HTTPGetError) {
            let answer = try HTTPGet.fetch(target, timeout: timeout.duration)
            if answer.status == 200 { return }
            Console.error("\(target): \(answer.status) \(String(answer.body.prefix(500)).onOneLine)\n")
        } catch {
            Console.error("\(target): \(error)\n")
        }
        throw ExitCode.failure
    }
}
