-- Says that places of a quota are still held; those that were taken away meanwhile are taken again, since their requests are
-- under way.
--
-- KEYS: counter, slots. ARGV: seconds of the counter, milliseconds of a place, ids. Returns how many were taken again.
local seconds, life = tonumber(ARGV[1]), tonumber(ARGV[2])
local again = 0
for index = 3, #ARGV do
  again = again + hold(KEYS[2], life, ARGV[index])
end
redis.call('PEXPIRE', KEYS[2], 2 * life)
local count = (tonumber(redis.call('GET', KEYS[1])) or 0) + again
redis.call('SET', KEYS[1], math.max(count, redis.call('ZCARD', KEYS[2])), 'EX', seconds)
return again
