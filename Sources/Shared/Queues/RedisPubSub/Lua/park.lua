-- Puts a request into the retry set and ends the lease.
--
-- The count of expired leases stays. What is not in the index is found by looking through the retry set.
--
--     KEYS    1 retry set, 2 claimed, 3 leases, 4 owners, 5 parked
--     ARGV    1 claim id, 2 owner, 3 due in so many ms, 4 failed attempts, or "" to leave the count as it is
--     result  1, or 0 if the lease is not the owner's

ask(KEYS[2], KEYS[3])
if redis.call('HGET', KEYS[4], ARGV[1]) ~= ARGV[2] then return 0 end
local entry = redis.call('HGET', KEYS[2], ARGV[1])
if not entry then return 0 end
local first, last = string.find(entry, '^{"internal":{"retry_count":%d+,')
if first and ARGV[4] ~= '' then
  entry = '{"internal":{"retry_count":' .. ARGV[4] .. ',' .. string.sub(entry, last + 1)
end
local time = redis.call('TIME')
local due = string.format('%.6f', time[1] + time[2] / 1000000 + math.ceil(ARGV[3]) / 1000)
redis.call('ZADD', KEYS[1], due, entry)
redis.pcall('ZADD', KEYS[5], due, ARGV[1])
finish(KEYS[2], KEYS[3], KEYS[4], ARGV[1])
return 1
