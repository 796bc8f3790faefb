-- Publishes a result and ends the claim, whoever holds its lease.
--
-- It needs no memory. `PUBLISH` comes before the claim goes, because a user may be forbidden to publish there.
--
--     KEYS    1 claimed, 2 leases, 3 owners, 4 deliveries
--     ARGV    1 claim id, 2 channel, 3 result
--     result  1, or 0 if there is no such claim (any more)

ask(KEYS[1], KEYS[2])
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('PUBLISH', ARGV[2], ARGV[3])
finish(KEYS[1], KEYS[2], KEYS[3], ARGV[1])
redis.pcall('HDEL', KEYS[4], ARGV[1])
return 1
