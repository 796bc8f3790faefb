-- `try(command, key, …)` calls a command: the server's refusal, with command and key, or `nil` and the reply.
--
-- `call` gives the reply, and ends a `guarded` script with the refusal.
--
-- On 6.2 a refusal ends with line breaks, which no reply may hold.

local function try(command, key, ...)
  local reply = redis.pcall(command, key, ...)
  if type(reply) == 'table' and reply.err then
    local text = string.gsub(reply.err, '[\r\n]+$', '')
    return (string.gsub(text .. ' (' .. command .. ' ' .. string.sub(key, 1, 200) .. ')', '[\r\n]', ' '))
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
