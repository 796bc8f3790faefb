-- The server's time: microseconds since 1970.
--
-- Whoever asks, it is one clock; on those of several processes a window would begin at several times.
local function clock()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000000 + tonumber(time[2])
end

-- How to write a whole number of more than fourteen digits.
local function whole(number)
  return string.format('%.0f', number)
end
