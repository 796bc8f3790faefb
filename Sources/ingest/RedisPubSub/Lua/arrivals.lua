-- Claims messages of a channel that several ingest processes may hear, or puts them into the retry set, due now.
--
-- Who hears a message calls it by a series and a number, and all call it the same. Each claims what it hears in
-- order, so that the highest number claimed says of every message of a series whether somebody has it. What is kept
-- is one field per series, the last 256; a series nobody knows begins with nothing claimed.
--
-- A call may be made again with the same arguments whatever became of it: its claims have the same names, and what
-- is in the retry set is there once. The highest number is written last, and what could refuse that is tried first.
--
--     KEYS    1 retry set, 2 claimed, 3 leases, 4 owners, 5 heard, 6 parked
--     ARGV    1 owner, 2 lease in ms, 3 "1" if this very call may have been carried out before, 4 for how long the
--             series are remembered after the last call, ms; then five per message, at most 128: claim id, entry,
--             "claim", "park" or "aside" (nothing is stored, and nobody else takes it any more), series, number
--     result  one per message: 1 claimed, 2 parked (or claimed and gone since), 3 aside, 0 somebody else's
--     a field of heard holds "<highest number> <when it was last written, ms>"

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local owner, expiry, again = ARGV[1], string.format('%.0f', now + tonumber(ARGV[2])), ARGV[3] == '1'
local due, stamp = time[1] + time[2] / 1000000, string.format(' %.0f', now)
local highest, order, result = {}, {}, {}
local bodies, ends, owners, parked, index = {}, {}, {}, {}, {}

-- Oldest first out: a storm of subscriptions leaves a series each.
local function makeRoom()
  if redis.call('HLEN', KEYS[5]) < 256 then return end
  local all, times = redis.call('HGETALL', KEYS[5]), {}
  for i = 2, #all, 2 do times[#times + 1] = tonumber(string.match(all[i], '%d+$')) or 0 end
  table.sort(times)
  local oldest, old = times[math.floor(#times / 2)], {}
  for i = 2, #all, 2 do
    local isOld = (tonumber(string.match(all[i], '%d+$')) or 0) <= oldest
    if isOld and #old < 1000 then old[#old + 1] = all[i - 1] end
  end
  redis.pcall('HDEL', KEYS[5], unpack(old))
end

for i = 4, #ARGV - 1, 5 do
  local series = ARGV[i + 4]
  if not highest[series] then
    local known = redis.call('HGET', KEYS[5], series)
    highest[series] = known and tonumber(string.match(known, '^%d+')) or 0
    order[#order + 1] = series
  end
end
redis.call('HEXISTS', KEYS[2], '')
redis.call('HEXISTS', KEYS[4], '')
redis.call('ZCARD', KEYS[3])
redis.call('ZCARD', KEYS[1])
redis.call('ZCARD', KEYS[6])
makeRoom()
for _, series in ipairs(order) do
  redis.call('HSET', KEYS[5], series, string.format('%.0f', highest[series]) .. stamp)
end

local function mine(id, entry)
  if redis.call('HGET', KEYS[4], id) == owner then return 1 end
  local isKept = redis.call('ZSCORE', KEYS[1], entry) or redis.call('HEXISTS', KEYS[2], id) == 1
  return isKept and 2 or 0
end

for i = 4, #ARGV - 1, 5 do
  local id, entry, how, series, number = ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4], tonumber(ARGV[i + 5])
  local status = 0
  if number <= highest[series] then
    if again then status = mine(id, entry) end
  else
    highest[series] = number
    if how == 'aside' then
      status = 3
    elseif how == 'park' then
      -- Microseconds apart, so that each is found by its time.
      local at = string.format('%.6f', due + #parked / 2000000)
      parked[#parked + 1] = at
      parked[#parked + 1] = entry
      index[#index + 1] = at
      index[#index + 1] = id
      status = 2
    else
      bodies[#bodies + 1] = id
      bodies[#bodies + 1] = entry
      ends[#ends + 1] = expiry
      ends[#ends + 1] = id
      owners[#owners + 1] = id
      owners[#owners + 1] = owner
      status = 1
    end
  end
  result[#result + 1] = status
end

if #bodies > 0 then
  redis.call('HSET', KEYS[2], unpack(bodies))
  redis.call('ZADD', KEYS[3], unpack(ends))
  redis.call('HSET', KEYS[4], unpack(owners))
end
if #parked > 0 then
  redis.call('ZADD', KEYS[1], unpack(parked))
  redis.call('ZADD', KEYS[6], unpack(index))
end
for _, series in ipairs(order) do
  redis.call('HSET', KEYS[5], series, string.format('%.0f', highest[series]) .. stamp)
end
redis.call('PEXPIRE', KEYS[5], ARGV[4])
return result
