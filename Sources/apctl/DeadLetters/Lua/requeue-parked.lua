-- Moves a dead letter to the retry set, due at once.
--
--     KEYS    1 dead letters, 2 retry set
--     ARGV    1 the letter, 2 the request as a `StoredEntry`, with a claim id of its own
--     result  1; 0 if there is no such letter (any more)

if not redis.call('LPOS', KEYS[1], ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[2], 'XX', 0, ARGV[2])
redis.call('LREM', KEYS[1], 1, '')
local time = redis.call('TIME')
redis.call('ZADD', KEYS[2], string.format('%.3f', time[1] + time[2] / 1000000), ARGV[2])
redis.call('LREM', KEYS[1], 1, ARGV[1])
return 1
