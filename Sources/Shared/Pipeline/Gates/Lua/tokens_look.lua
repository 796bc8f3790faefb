-- Lets requests go while less than the limit is used; changes nothing.
--
-- KEYS: bucket. ARGV: limit, microseconds of the window, how many requests.
-- Returns how many of them may go, all or none, and milliseconds until some may again, an hour at most.
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local over = used(KEYS[1], limit, window, clock()) - limit
if over < 0 then
  return { tonumber(ARGV[3]), 0 }
end
return { 0, math.min(3600000, math.floor(over * window / limit / 1000) + 1) }
