-- Ends one lease. What can be refused is asked before the first write, by commands that change nothing.
--
--     KEYS    1 requests, 2 leases, 3 owners, 4 parked, 5 attempts, 6 deliveries
--     ARGV    1 "result", "park" or "dead", 2 number, 3 owner, 4 list for the result, 5 result, or "" for none,
--             6 ms until it is due, 7 failed attempts, or "" to leave the count, 8 list of dead letters
--     result  1, or 0 if it is settled already, or the lease is somebody else's

local what, id = ARGV[1], ARGV[2]
local body = redis.call('HGET', KEYS[1], id)
if not body then return 0 end
if what ~= 'result' and redis.call('HGET', KEYS[3], id) ~= ARGV[3] then return 0 end
if what == 'park' then
  local time = redis.call('TIME')
  local due = time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[6]) + 1
  if ARGV[7] ~= '' then redis.call('HSET', KEYS[5], id, ARGV[7]) end
  redis.call('ZADD', KEYS[4], due, id)
else
  if ARGV[5] ~= '' then redis.call('LLEN', ARGV[4]) end
  if what == 'dead' then redis.call('RPUSH', ARGV[8], body) end
  if ARGV[5] ~= '' then redis.call('RPUSH', ARGV[4], ARGV[5]) end
  redis.call('HDEL', KEYS[1], id)
  redis.call('ZREM', KEYS[4], id)
  redis.call('HDEL', KEYS[5], id)
  redis.call('HDEL', KEYS[6], id)
end
redis.call('ZREM', KEYS[2], id)
redis.call('HDEL', KEYS[3], id)
return 1
