import ArgumentParser
import CProcess
import Glibc

/// What `apctl run` starts instead of a stage: ties its life to `apctl run`'s, opens the log, and becomes the stage.
///
/// Between fork and exec nothing of ours can run, so this runs after the exec, and execs again. The kernel kills the
/// stage when the thread that started it ends; swift-subprocess starts all children on one thread that lives as long
/// as the process. Source: prctl(2), PR_SET_PDEATHSIG.
struct StageProcessCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stage-process",
        abstract: "Become a stage that ends with the process that started it.",
        shouldDisplay: false
    )

    @Argument(help: "Process id of the parent, log file, executable, and its arguments.", completion: nil)
    var parent: Int32
    @Argument var log: String
    @Argument(parsing: .captureForPassthrough) var command: [String]

    func run() throws {
        guard process_signal_on_parent_death(SIGKILL) == 0 else { throw failure("prctl") }
        // The parent may have died before that.
        guard getppid() == parent else { throw ExitCode.failure }
        let descriptor = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failure("open \(log)") }
        dup2(descriptor, STDOUT_FILENO)
        dup2(descriptor, STDERR_FILENO)
        guard let executable = command.first else { throw ExitCode(64) }
        // The runtime's threads block signals, and execve(2) keeps the mask: the stage would never hear SIGTERM.
        var none = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, nil)
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) }
        arguments.append(nil)
        execv(executable, &arguments)
        throw failure("exec \(executable)")
    }

    private func failure(_ call: String) -> ExitCode {
        Console.error("\(call): \(String(cString: strerror(errno)))\n")
        return ExitCode(Self.cannotStart)
    }

    /// Exit status when the stage could not be started at all; trying again will not help.
    static let cannotStart: Int32 = 126
}
