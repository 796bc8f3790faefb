import Redis
import RedisSortedSetSource

/// Scripts in which commands are refused, as for want of a right: a certain call, or all calls of a command.
///
/// What is refused is written in the key `refuse`: a number of a call, from 1 on, or a command's name. The key `refused`
/// is there once something was.
extension RedisSortedSetScripts {
    static let refusing = RedisSortedSetScripts(
        claim: standard.claim.refusing, renew: standard.renew.refusing, settle: standard.settle.refusing)
}

extension RedisScript {
    fileprivate var refusing: RedisScript {
        let shadow = """
            local server, calls = redis, 0
            local rule = server.call('GET', 'refuse')
            local function answer(command, ...)
              calls = calls + 1
              if rule and (rule == command or tonumber(rule) == calls) then
                server.call('SET', 'refused', calls .. ' ' .. command)
                return { err = 'ERR who knows' }
              end
              return server.pcall(command, ...)
            end
            local redis = { pcall = answer, sha1hex = server.sha1hex, call = function(...)
              local reply = answer(...)
              if type(reply) == 'table' and reply.err then error(reply.err, 0) end
              return reply
            end }

            """
        return RedisScript(name: name, source: shadow + source)
    }
}
