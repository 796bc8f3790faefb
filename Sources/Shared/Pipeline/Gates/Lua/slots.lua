-- Places of a quota that are held: each with the time at which it is free again, unless its holder goes on saying that it
-- holds it. Beside them stands the counter that llm-d-async's processes keep, so that both kinds count each other's.
--
-- Takes away the places whose holders are gone; returns how many places are in use.
local function used(counter, slots)
  local gone = redis.call('ZREMRANGEBYSCORE', slots, '-inf', whole(clock() / 1000))
  local count = tonumber(redis.call('GET', counter)) or 0
  if gone > 0 and count > 0 then
    count = redis.call('DECRBY', counter, math.min(gone, count))
  end
  return math.max(count, redis.call('ZCARD', slots))
end

local function hold(slots, life, id)
  return redis.call('ZADD', slots, whole(clock() / 1000 + life), id)
end
