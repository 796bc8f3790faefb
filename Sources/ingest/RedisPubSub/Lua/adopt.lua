-- Replaces the stored form of a claimed entry that another program had written, so that all later scripts know it.
--
--     KEYS    1 claimed, 2 owners
--     ARGV    1 claim id, 2 owner, 3 entry
--     result  1, or 0 if the lease is somebody else's

if redis.call('HGET', KEYS[2], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
