-- Claims what is parked and due, then what others let expire.
--
-- A queue's own parked requests are found by its index, whatever lies beside them in the retry set. What other programs
-- put there is looked through, at most 500 entries per call; entries of other queues stay untouched. It moves what is
-- there already, and needs no memory: a server without any refuses only a script's first write.
--
-- An entry names its queue in `internal.request_queue_name` or `metadata.queue_name`; one that names none is taken.
-- An entry leaves the retry set when it is claimed, never before.
--
--     KEYS    1 retry set, 2 claimed, 3 leases, 4 owners, 5 deliveries, 6 parked
--     ARGV    1 owner, 2 lease in ms, 3 "" for a first call; if this very call may have been carried out before, the
--             server's time before it was made first, ms, 4 most claims, 5 most bytes of entries (one always fits),
--             6 the queue's name, 7 the same as a JSON string, 8 where to start looking through the retry set, or -1
--             to leave it, 9 where to start among the expired, or -1 for no takeover
--     result  1 claims, each [claim id, entry, leases that expired], 2 entries of others passed over,
--             3 where to go on in the retry set, 4 among the expired (both -1 at the end),
--             5 ms until the next of the index is due, -1 for none, 6 claims taken over, 7 the server's time, ms,
--             8 ms until the next of the retry set is due, if that is ours, else -1

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local clock = string.format('%.6f', time[1] + time[2] / 1000000)
local owner, lease, limit, room = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[4]), tonumber(ARGV[5])
local claims, foreign, taken, serial = {}, 0, 0, 0

local canonical, ours = retrySetOf(ARGV[6], ARGV[7])

local function claim(id, entry)
  -- Changes nothing: whoever may not do that leaves nothing half done.
  if #claims == 0 then redis.call('ZADD', KEYS[3], 'XX', 0, '') end
  redis.call('HSET', KEYS[2], id, entry)
  redis.call('ZADD', KEYS[3], string.format('%.0f', now + lease), id)
  redis.call('HSET', KEYS[4], id, owner)
  claims[#claims + 1] = { id, entry, tonumber(redis.call('HGET', KEYS[5], id)) or 0 }
  room = room - #entry
end

local function full() return #claims >= limit or (#claims > 0 and room <= 0) end

-- What a call with this owner has claimed before: its leases were made since the call was made first.
local function again(from)
  local start = now < from and '-inf' or string.format('%.0f', from + lease - 1000)
  local ids = redis.call('ZRANGEBYSCORE', KEYS[3], start, '+inf')
  for at = 1, #ids, 1000 do
    local last = math.min(#ids, at + 999)
    local found = redis.call('HMGET', KEYS[4], unpack(ids, at, last))
    for i = at, last do
      local entry = found[i - at + 1] == owner and redis.call('HGET', KEYS[2], ids[i])
      if entry then claim(ids[i], entry) end
    end
  end
end

-- The entry of the retry set that belongs to an id of the index; false if there are too many of its time to tell.
local function parkedEntry(id, score)
  local name, at = '"transport_correlation_id":"' .. id .. '"', 0
  while at < 1000 do
    local page = redis.call('ZRANGEBYSCORE', KEYS[1], score, score, 'LIMIT', at, 20)
    for _, entry in ipairs(page) do
      local last = canonical(entry)
      if last and string.sub(entry, last + 2, last + 1 + #name) == name then return entry end
    end
    if #page < 20 then return nil end
    at = at + 20
  end
  return false
end

local function takeParked()
  local page = redis.call('ZRANGEBYSCORE', KEYS[6], '-inf', clock, 'WITHSCORES', 'LIMIT', 0, limit)
  for i = 1, #page, 2 do
    if full() then return end
    local entry = parkedEntry(page[i], page[i + 1])
    if entry then
      claim(page[i], entry)
      redis.call('ZREM', KEYS[1], entry)
    end
    -- Somebody else has taken it from the retry set, or will be found there.
    redis.call('ZREM', KEYS[6], page[i])
  end
end

-- Calls take(member) for each member up to the score; true means that it left the set.
local function page(key, score, start, take)
  local seen = 0
  while seen < 500 do
    local members = redis.call('ZRANGEBYSCORE', key, '-inf', score, 'LIMIT', start, 100)
    for _, member in ipairs(members) do
      if full() then return start end
      seen = seen + 1
      if not take(member) then start = start + 1 end
    end
    if #members < 100 then return -1 end
  end
  return start
end

local function takeDue(entry)
  if not ours(entry) then
    foreign = foreign + 1
    return false
  end
  local found = canonical(entry)
  local written = found and string.match(entry, '^,"transport_correlation_id":"([%w%.%-]+)"', found + 1)
  local id = written
  while not id or redis.call('HEXISTS', KEYS[2], id) == 1 do
    serial = serial + 1
    id = owner .. '-' .. serial
  end
  claim(id, entry)
  redis.call('ZREM', KEYS[1], entry)
  if written then redis.call('ZREM', KEYS[6], written) end
  return true
end

local function takeOver(id)
  local entry = redis.call('HGET', KEYS[2], id)
  if not entry then
    redis.call('ZREM', KEYS[3], id)
    redis.call('HDEL', KEYS[4], id)
    return true
  end
  if not ours(entry) then return false end
  redis.call('HINCRBY', KEYS[5], id, 1)
  claim(id, entry)
  taken = taken + 1
  return true
end

-- Changes nothing: what may be refused later is refused here.
redis.call('ZREM', KEYS[1], '\0')
redis.call('ZREM', KEYS[6], '')
redis.call('HEXISTS', KEYS[2], '')
redis.call('HEXISTS', KEYS[4], '')
redis.call('HEXISTS', KEYS[5], '')
if ARGV[3] ~= '' then again(tonumber(ARGV[3])) end
takeParked()
local start = tonumber(ARGV[8])
if start >= 0 then start = page(KEYS[1], clock, start, takeDue) end
local expired = tonumber(ARGV[9])
if expired >= 0 then expired = page(KEYS[3], string.format('%.0f', now), expired, takeOver) end
local function left(score)
  return score and math.min(3600000, math.max(0, math.ceil(score * 1000 - now))) or -1
end
local mine = redis.call('ZRANGE', KEYS[6], 0, 0, 'WITHSCORES')
local soonest = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. clock, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
local strange = soonest[2] and ours(soonest[1]) and soonest[2]
return { claims, foreign, start, expired, left(mine[2]), taken, now, left(strange) }
