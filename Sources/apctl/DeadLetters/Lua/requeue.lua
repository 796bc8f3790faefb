-- Moves a dead letter to a queue that is a sorted set.
--
--     KEYS    1 dead letters, 2 queue
--     ARGV    1 the letter, 2 deadline (Unix seconds), 3 request
--     result  1; 0 if there is no such letter (any more); -1 if the very same request waits already, and the
--             letter stays

if not redis.call('LPOS', KEYS[1], ARGV[1]) then return 0 end
if redis.call('ZSCORE', KEYS[2], ARGV[3]) then return -1 end
redis.call('ZADD', KEYS[2], 'XX', 0, ARGV[3])
redis.call('LREM', KEYS[1], 1, '')
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[3])
redis.call('LREM', KEYS[1], 1, ARGV[1])
return 1
