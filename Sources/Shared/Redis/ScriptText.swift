/// Pieces that scripts are made of, for what a script must never do: stop where its repetition does harm.
///
/// What a script has written stays written when it stops, and it may stop at any command: a right is missing, a key is
/// of another type. So what can be refused is asked before the first write, by commands that change nothing; and what
/// is written and can still be refused (a list that a producer named) is called by `try`, and taken back.
package enum ScriptText {
    /// `try(command, key, …)` calls a command: the server's refusal, with command and key, or `nil` and the reply.
    ///
    /// `call` gives the reply, and ends a `guarded` script with the refusal.
    ///
    /// On 6.2 a refusal ends with line breaks, which no reply may hold.
    package static let calls = """
        local function try(command, key, ...)
          local reply = redis.pcall(command, key, ...)
          if type(reply) == 'table' and reply.err then
            local text = string.gsub(reply.err, '[\\r\\n]+$', '')
            return (string.gsub(text .. ' (' .. command .. ' ' .. string.sub(key, 1, 200) .. ')', '[\\r\\n]', ' '))
          end
          return nil, reply
        end

        -- What `call` met: an error that is a table is not what every version's pcall gives back.
        local refused
        local function call(...)
          local refusal, reply = try(...)
          if refusal then
            refused = refusal
            error('refused', 0)
          end
          return reply
        end


        """

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
}
