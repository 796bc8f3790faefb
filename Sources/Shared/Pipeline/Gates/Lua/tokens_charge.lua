-- Adds tokens that were used to a bucket, which is gone a second after it has drained, or after ten years.
--
-- KEYS: bucket. ARGV: limit, microseconds of the window, tokens, the name of this charge.
-- Returns 1, or 0 where the last charge has the same name: it is sent again when its answer was lost.
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
if redis.call('HGET', KEYS[1], 'last') == ARGV[4] then
  return 0
end
local now = clock()
local held = used(KEYS[1], limit, window, now) + tonumber(ARGV[3])
redis.call('HSET', KEYS[1], 'used', string.format('%.3f', held), 'at_us', whole(now), 'last', ARGV[4])
redis.call('PEXPIRE', KEYS[1], whole(math.min(315360000000, math.ceil(held * window / limit / 1000) + 1000)))
return 1
