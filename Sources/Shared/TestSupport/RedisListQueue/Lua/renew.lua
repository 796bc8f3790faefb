-- Extends leases, also expired ones, as long as nobody has taken them over.
--
--     KEYS    1 leases, 2 owners
--     ARGV    1 lease in ms; then two per lease: number, owner
--     result  one per lease: 1, or 0 if it is ours no longer

local time = redis.call('TIME')
local expiry = time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[1])
local result = {}
for i = 2, #ARGV, 2 do
  local isHeld = redis.call('HGET', KEYS[2], ARGV[i]) == ARGV[i + 1]
  if isHeld then redis.call('ZADD', KEYS[1], expiry, ARGV[i]) end
  result[#result + 1] = isHeld and 1 or 0
end
return result
