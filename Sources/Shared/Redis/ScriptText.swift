/// Pieces that scripts are made of, for what a script must never do: stop where its repetition does harm.
///
/// What a script has written stays written when it stops, and it may stop at any command: a right is missing, a key is
/// of another type. So what can be refused is asked before the first write, by commands that change nothing; and what
/// is written and can still be refused (a list that a producer named) is called by `try`, and taken back.
package enum ScriptText {
    /// `try` and `call`; see the file.
    package static let calls = joined(PackageResources.calls_lua)

    /// A script whose `call`s may end it.
    package static func guarded(_ source: String) -> String {
        """
        local function run()
        \(source)
        end

        local isDone, reply = pcall(run)
        if isDone then return reply end
        return { err = refused or 'ERR ' .. tostring(reply) }
        """
    }

    /// The text of Lua files, one after the other.
    package static func joined(_ files: [UInt8]...) -> String {
        files.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "\n")
    }
}
