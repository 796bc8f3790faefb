-- Takes places of a quota for as many of some requests as there are.
--
-- KEYS: counter, slots. ARGV: limit, seconds of the counter, milliseconds of a place, ids of the requests.
-- Returns how many of them, from the first on, got one.
local limit, seconds, life = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local count = used(KEYS[1], KEYS[2])
local granted = math.max(0, math.min(#ARGV - 3, limit - count))
if granted == 0 then
  return 0
end
for index = 4, 3 + granted do
  hold(KEYS[2], life, ARGV[index])
end
redis.call('PEXPIRE', KEYS[2], 2 * life)
redis.call('SET', KEYS[1], count + granted, 'EX', seconds)
return granted
