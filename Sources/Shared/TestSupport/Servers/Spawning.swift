import Glibc
import Synchronization

/// A server that a test wanted and did not get.
package struct ServerFailure: Error, CustomStringConvertible {
    /// What was tried, such as `start redis-server`.
    package let operation: String
    package let reason: String

    package init(operation: String, reason: String) {
        self.operation = operation
        self.reason = reason
    }

    package var description: String { "\(operation): \(reason)" }
}

/// Starts a program, in the path or where its name says, without input and output.
///
/// The caller waits for it with waitpid(2) when it has ended it.
func startProgram(_ arguments: [String]) throws(ServerFailure) -> pid_t {
    guard let name = arguments.first else { throw ServerFailure(operation: "start", reason: "no program") }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for descriptor in CInt(0)...2 { posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0) }
    // Otherwise it would hold connections of other tests open after they were closed here.
    for descriptor in CInt(3)..<1024 { posix_spawn_file_actions_addclose(&actions, descriptor) }
    // Swift's worker threads block signals, and children inherit that: SIGTERM would never arrive.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    var words = arguments.map { strdup($0) } + [nil]
    defer { words.forEach { free($0) } }
    var id: pid_t = 0
    let code = posix_spawnp(&id, name, &actions, &attributes, &words, environ)
    guard code == 0 else { throw ServerFailure(operation: "start \(name)", reason: String(cString: strerror(code))) }
    _ = endsTheRestAtExit
    running.withLock { _ = $0.insert(id) }
    return id
}

/// Programs that were started and not ended yet.
private let running = Mutex<Set<pid_t>>([])

/// A server in a static property is never released: without this it would outlive the tests that share it.
private let endsTheRestAtExit: Void = {
    atexit { for id in running.withLock(\.self) { kill(id, SIGKILL) } }
}()

/// Whether a child has not ended.
func isAlive(_ id: pid_t) -> Bool {
    var info = siginfo_t()
    return waitid(P_PID, id_t(id), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_signo == 0
}

/// Sends `signal` to a child, also to one that stands still, and waits until it is gone.
func endProgram(_ id: pid_t, _ signal: CInt) {
    kill(id, SIGCONT)
    kill(id, signal)
    var status: CInt = 0
    while waitpid(id, &status, 0) < 0, errno == EINTR {}
    running.withLock { _ = $0.remove(id) }
}
