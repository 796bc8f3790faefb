-- Gives places of a quota back; those that are free already are left alone.
--
-- KEYS: counter, slots. ARGV: seconds of the counter, ids. Returns how many were held.
local held = 0
for index = 2, #ARGV do
  held = held + redis.call('ZREM', KEYS[2], ARGV[index])
end
local count = tonumber(redis.call('GET', KEYS[1])) or 0
if held > 0 and count > 0 and redis.call('DECRBY', KEYS[1], math.min(held, count)) > 0 then
  redis.call('EXPIRE', KEYS[1], tonumber(ARGV[1]))
end
return held
