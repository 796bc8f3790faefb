-- Extends leases, also expired ones, as long as nobody has taken them over.
--
--     KEYS    1 leases, 2 owners
--     ARGV    1 lease in ms; then two per claim: claim id, owner
--     result  one per claim: 1, or 0 if it is ours no longer

local time = redis.call('TIME')
local expiry = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[1]))
local result, isComplete = {}, true
for i = 2, #ARGV, 2 do
  local held = redis.call('HGET', KEYS[2], ARGV[i]) == ARGV[i + 1]
  if held then redis.call('ZADD', KEYS[1], expiry, ARGV[i]) end
  result[#result + 1] = held and 1 or 0
  if not held then isComplete = false end
end
-- A replica refuses this: what is missing there may not have arrived.
if not isComplete then redis.call('HDEL', KEYS[2], '') end
return result
