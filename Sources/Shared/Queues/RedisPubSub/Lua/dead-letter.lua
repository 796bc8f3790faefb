-- Moves a request to the dead letters, publishes its result, if any, and ends the claim.
--
-- A result that cannot be published (the user may not) does not keep the request from being put aside.
--
--     KEYS    1 claimed, 2 leases, 3 owners, 4 deliveries, 5 list of dead letters
--     ARGV    1 claim id, 2 owner, 3 document for the list, 4 channel, 5 result or ""
--     result  1, or 0 if the lease is not the owner's

ask(KEYS[1], KEYS[2])
if redis.call('HGET', KEYS[3], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('RPUSH', KEYS[5], ARGV[3])
if ARGV[5] ~= '' then redis.pcall('PUBLISH', ARGV[4], ARGV[5]) end
finish(KEYS[1], KEYS[2], KEYS[3], ARGV[1])
redis.pcall('HDEL', KEYS[4], ARGV[1])
return 1
