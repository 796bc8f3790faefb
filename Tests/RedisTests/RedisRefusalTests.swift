import Queue
import Redis
import Testing

/// What Redis 6.2.14, Redis 7.0.15 and Valkey 9.1.2 answered, word for word.
struct RedisRefusalTests {
    @Test(arguments: [
        ("OOM command not allowed when used memory > 'maxmemory'.", RedisRefusal.memory),
        ("OOM command not allowed when used memory > 'maxmemory'. script: 05e3, on @user_script:1.", .memory),
        ("@user_script: 1: -OOM command not allowed when used memory > 'maxmemory'.\r\n", .memory),
        (wrapped("@user_script: 1: -OOM command not allowed when used memory > 'maxmemory'."), .memory),
        ("READONLY You can't write against a read only replica.", .server),
        (wrapped("@user_script: 1: -READONLY You can't write against a read only replica."), .server),
        (wrapped("@user_script: 12: -MISCONF Redis is configured to save RDB snapshots"), .server),
        ("NOREPLICAS Not enough good replicas to write.", .server), ("LOADING Redis is loading", .server),
        ("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", .server),
        ("NOAUTH Authentication required.", .login), ("BUSY Redis is busy running a script.", .server),
        ("UNKILLABLE Sorry the script already executed write commands", .server),
        ("CLUSTERDOWN The cluster is down", .server), ("MOVED 866 127.0.0.1:7001", .server),
        ("ERR max number of clients reached", .server), ("ASK 866 127.0.0.1:7001", .server),
        ("WRONGTYPE Operation against a key holding the wrong kind of value", .wrongType),
        ("WRONGTYPE Operation against a key holding the wrong kind of value script: on @user_script:1.", .wrongType),
        (wrapped("WRONGTYPE Operation against a key holding the wrong kind of value"), .wrongType),
        ("ERR Protocol error: invalid bulk length", .tooLarge),
        ("ERR string exceeds maximum allowed size (proto-max-bulk-len)", .tooLarge),
        ("ERR user_script:1: too many results to unpack script: 44c7, on @user_script:1.", .other),
        (wrapped("user_script:1: Cannot serialise number: must not be NaN or Inf"), .other), ("", .other),
        ("ERR something nobody has thought of", .other),
    ])
    func knowsTheClass(text: String, refusal: RedisRefusal) { #expect(RedisRefusal(text) == refusal) }

    @Test(arguments: [
        ("NOPERM this user has no permissions to run the 'eval' command", RedisRefusal.command),
        ("ERR The user executing the script can't run this command or subcommand", .command),
        ("@user_script: 1: The user executing the script can't run this command or subcommand", .command),
        ("ERR ACL failure in script: User u2 has no permissions to run the 'lpush' command script: on x", .command),
        (wrapped("@user_script: 1: The user executing the script can't run this command or subcommand"), .command),
        ("NOPERM this user has no permissions to access one of the keys used as arguments", .name),
        ("ERR The user executing the script can't access at least one of the keys mentioned in the command", .name),
        ("@user_script: 1: The user executing the script can't publish to the channel mentioned", .name),
        ("ERR ACL failure in script: No permissions to access a channel", .name),
        ("NOPERM User a has no permissions to access the 'has no permissions to run the' key", .name),
    ])
    func knowsWhatAUserMayNot(text: String, refusal: RedisRefusal) { #expect(RedisRefusal(text) == refusal) }

    @Test(arguments: [
        ("WRONGTYPE Operation", false, true), ("NOPERM No permissions to access a key", true, true),
        ("NOPERM No permissions to access a key", false, false), ("OOM command not allowed", true, false),
        ("NOPERM this user has no permissions to run the 'lpush' command", true, false),
        ("ERR something nobody has thought of", true, false), ("READONLY You can't write", true, false),
    ])
    func givesUpOnlyWhatIsFinal(text: String, isNamed: Bool, isFinal: Bool) {
        let status = RedisRefusal(text).status(text, isNamed: isNamed)
        #expect(status == (isFinal ? .refused(reason: text) : .delayed(reason: text)))
    }
}

private func wrapped(_ text: String) -> String {
    "ERR Error running script (call to f_05e3df511cd1ec61219755c25328773ecb7fdc5f): @user_script:1: \(text)"
}
