-- Leases what is parked and due, then what others let expire, then what waits.
--
--     KEYS    1 queue, 2 requests, 3 leases, 4 owners, 5 parked, 6 attempts, 7 deliveries, 8 numbers
--     ARGV    1 owner, 2 lease in ms, 3 most requests, 4 "1" if expired leases may be taken over
--     result  four values each: number, bytes, failed attempts, leases that expired

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local limit, result = tonumber(ARGV[3]), {}

local function lease(id, body)
  redis.call('ZADD', KEYS[3], now + tonumber(ARGV[2]), id)
  redis.call('HSET', KEYS[4], id, ARGV[1])
  result[#result + 1] = id
  result[#result + 1] = body
  result[#result + 1] = tonumber(redis.call('HGET', KEYS[6], id) or 0)
  result[#result + 1] = tonumber(redis.call('HGET', KEYS[7], id) or 0)
end

local function left() return limit - #result / 4 end

for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[5], '-inf', now, 'LIMIT', 0, left())) do
  lease(id, redis.call('HGET', KEYS[2], id))
  redis.call('ZREM', KEYS[5], id)
end
if ARGV[4] == '1' and left() > 0 then
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now, 'LIMIT', 0, left())) do
    redis.call('HINCRBY', KEYS[7], id, 1)
    lease(id, redis.call('HGET', KEYS[2], id))
  end
end
while left() > 0 do
  local body = redis.call('LINDEX', KEYS[1], 0)
  if not body then break end
  local id = tostring(redis.call('INCR', KEYS[8]))
  redis.call('HSET', KEYS[2], id, body)
  lease(id, body)
  redis.call('LPOP', KEYS[1])
end
return result
