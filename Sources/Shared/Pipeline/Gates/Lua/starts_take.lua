-- Counts starts within a window that moves, for as many of some requests as it has room for.
--
-- KEYS: log. ARGV: limit, microseconds of the window, seconds of the log, ids of the requests.
-- Returns how many of them, from the first on, may start, and milliseconds until the next may.
--
-- The log is llm-d-async's: scored by nanoseconds.
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local now = clock()
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', whole((now - window) * 1000))
local count = redis.call('ZCARD', KEYS[1])
local granted = math.max(0, math.min(#ARGV - 3, limit - count))
for index = 4, 3 + granted do
  redis.call('ZADD', KEYS[1], whole(now * 1000), ARGV[index])
end
if granted > 0 then
  redis.call('EXPIRE', KEYS[1], tonumber(ARGV[3]))
end
local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
local due = oldest[2] and (tonumber(oldest[2]) / 1000 + window - now) / 1000 or 0
return { granted, math.max(0, math.ceil(due)) }
