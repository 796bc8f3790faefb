import ArgumentParser
import UnixSignals

struct TopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "The pipeline as it works: rates, what waits where and why, latencies, and what comes and goes.",
        usage: "apctl top [--ingest ADDRESS] [--dispatch ADDRESS] [--retry ADDRESS] [--emit ADDRESS] [options]",
        discussion: """
            Asks the status endpoints of each stage, on this machine unless told otherwise, again and again. An address \
            is HOST:PORT, http://HOST:PORT, or a PORT of this machine. A flag may be repeated, and all addresses of a \
            name are asked each time: processes may come and go. Those that do not answer are shown as such.

            On a terminal it fills the screen. Keys: q quits, p pauses the screen, s sorts the processes, the arrows \
            choose one, Enter shows all that it says, Esc goes back. Elsewhere, and with --plain, it prints a block of \
            text for each interval. NO_COLOR is respected.
            """
    )

    @OptionGroup(title: "Stages") var stages: StageAddresses
    @Option(help: "How long from one look to the next.") var interval = TimeSpan(seconds: 2)
    @Option(help: "End after so many screens or blocks.") var count: Int?
    @Flag(help: "Print text, as where there is no terminal.") var plain = false

    func validate() throws {
        if interval.seconds < 0.1 { throw ValidationError("--interval is 100ms or more.") }
        if let count, count < 1 { throw ValidationError("--count is 1 or more.") }
    }

    func run() async throws {
        let isScreen = !plain && KeyTerminal.isThere
        // The terminal is given back whatever ends it; elsewhere nohup(1) decides about SIGHUP. Without a trap SIGQUIT
        // would make the Swift runtime ask questions.
        let signals = await UnixSignalsSequence(
            trapping: [.sigint, .sigterm, .sigquit] + (isScreen ? [.sighup] : []))
        let session = TopSession(
            asker: StageAsker(try stages.places, timeout: stages.timeout.duration), signals: signals,
            interval: interval.seconds, count: count)
        guard isScreen, let terminal = KeyTerminal() else {
            return await session.printBlocks(width: Console.outColumns ?? 100)
        }
        await session.show(on: terminal, isColoured: Console.isColoured)
        terminal.restore()
    }
}
