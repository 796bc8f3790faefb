-- A bucket of tokens that were used: it drains by the limit in every window, and may hold more than the limit, since tokens
-- are charged when they have been used.
--
-- Returns how many it holds.
local function used(bucket, limit, window, now)
  local fields = redis.call('HMGET', bucket, 'used', 'at_us')
  local at = math.min(now, tonumber(fields[2]) or now)
  return math.max(0, (tonumber(fields[1]) or 0) - (now - at) * limit / window)
end
