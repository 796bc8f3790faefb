-- Claims what is parked and due, then what others let expire, then what waits, by deadline.
--
-- A queue's own parked requests are found by its index. Beside it the retry set holds what other programs and older
-- versions put there: that is looked through at most 500 entries at a time, from where the last look ended. Entries
-- that name another queue (in `internal.request_queue_name` or `metadata.queue_name`) stay; those that name none
-- are taken.
--
-- The bytes of a submission that is leased or parked already are put aside until that has its record.
--
--     KEYS    1 queue, 2 retry set, 3 requests, 4 leases, 5 state, 6 parked, 7 since, 8 again, 9 look
--     ARGV    1 owner, 2 lease in ms, 3 "" for a first call; if this very call may have been carried out before, the
--             server's time before it was made first, 4 most claims (512), 5 most bytes (one request always fits),
--             6 the queue's name, 7 the same as a JSON string, 8 "1" to look through the retry set,
--             9 until when, by the server's clock, expired leases may be taken over; -1: they may not
--     result  1 claims, five values each: submission, born, bytes, failed attempts, leases that expired;
--             2 due entries of the retry set that stay there, 3 "1" if more may be found at once by another call,
--             4 ms until the next of ours is due, -1 for none, 5 claims taken over,
--             6 how many of queue and parked hold anything now, 7 "1" if the queue does, 8 the server's time,
--             9 parked requests that somebody else took from the retry set, 10 those parked by a clock that has been
--             set back since

quoted = ARGV[7]
local look = KEYS[9]
local owner, lease, limit, room = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[4]), tonumber(ARGV[5])
local expiry = string.format('%.0f', now + lease)
local claims, count, held, passed, taken, missing, more = {}, 0, {}, 0, 0, 0, false
local bodies, ends, notes, unparked, indexed, aside, gone, left = {}, {}, {}, {}, {}, {}, {}, {}
local front = 0
-- Of those claimed that were parked.
local dues = {}

local function full() return count >= limit or (count > 0 and room <= 0) end

local function add(key, note, body, born, attempts, deliveries)
  held[key] = true
  local two, five = 2 * count, 5 * count
  ends[two + 1], ends[two + 2] = expiry, key
  notes[two + 1], notes[two + 2] = key, note
  claims[five + 1], claims[five + 2], claims[five + 3] = key, born, body
  claims[five + 4], claims[five + 5] = attempts, deliveries
  count = count + 1
  room = room - #body
end

local function hold(key, s, body, isNew)
  if isNew then
    bodies[#bodies + 1] = key
    bodies[#bodies + 1] = body
  end
  add(key, write('L', owner, s), body, s.born, tonumber(s.attempts), tonumber(s.deliveries))
end

-- Most requests were never claimed before.
local first = 'L' .. owner .. ' ' .. owner .. ' '
local function holdNew(key, score, body)
  bodies[#bodies + 1] = key
  bodies[#bodies + 1] = body
  add(key, first .. score .. ' 0 0', body, owner, 0, 0)
end

local function fresh(score) return { born = owner, score = score, attempts = 0, deliveries = 0 } end

-- What a call with this owner has claimed before: its leases were made since the call was made first.
local function again(from)
  local start = now < from and '-inf' or string.format('%.0f', from + lease - 1000)
  local keys = call('ZRANGEBYSCORE', leases, start, '+inf')
  for at = 1, #keys, 1000 do
    local last = math.min(#keys, at + 999)
    local found = call('HMGET', states, unpack(keys, at, last))
    for i = at, last do
      local s = parse(found[i - at + 1])
      if s and s.what == 'L' and s.owner == owner then
        local body = call('HGET', requests, keys[i])
        if body then hold(keys[i], s, body) end
      end
    end
  end
end

local _, ours = retrySetOf(ARGV[6], quoted)

local function takeDue(entry)
  local isOurs, rest = ours(entry)
  if not isOurs then return false end
  local key, born
  if rest then
    key, born = string.match(entry, '^,"transport_correlation_id":"(%x+)%-([%w%.]+)"', rest + 1)
  end
  if key and held[key] then return false end
  local s = key and parse(call('HGET', states, key))
  local body = s and s.what == 'P' and s.born == born and call('HGET', requests, key)
  if body then
    dues[key] = s.owner
    hold(key, s, body)
    indexed[#indexed + 1] = key
  else
    -- Somebody else wrote it: its bytes are the request.
    key = redis.sha1hex(entry)
    s = parse(call('HGET', states, key))
    if held[key] or (s and s.what ~= 'W') then return false end
    hold(key, s or fresh('0'), entry, true)
  end
  unparked[#unparked + 1] = entry
  return true
end

-- What is due in the retry set, from where the last look ended: a rank, kept for all that serve this queue. It
-- may be wrong by what left the set since; what that passes over is met in the next round.
local function lookThrough()
  local total = call('ZCOUNT', retry, '-inf', string.format('%.3f', now / 1000))
  local place = call('GET', look)
  local start = math.floor(tonumber(place) or 0)
  if not (start >= 0 and start < total) then start = 0 end
  local at, kept, size, bytes = start, 0, 8, 0
  while at < total and at - start < 500 and bytes < 8388608 and not full() do
    local entries = call('ZRANGE', retry, at, math.min(total, at + size) - 1)
    if #entries == 0 then break end
    for _, entry in ipairs(entries) do
      if full() then break end
      at, bytes = at + 1, bytes + #entry
      if not takeDue(entry) then kept = kept + 1 end
    end
    size = bytes < 65536 * (at - start) and 100 or 8
  end
  passed = kept
  if at < total then
    more = true
    call('SET', look, start + kept, 'PX', 600000)
  elseif place then
    call('DEL', look)
  end
end

-- Parked before the server's clock was set back: waits as long as was meant, from now.
local function setBack()
  local page = call('ZRANGEBYSCORE', since, string.format('(%.0f', now + 1000), '+inf', 'WITHSCORES',
    'LIMIT', 0, 100)
  for i = 1, #page, 2 do
    local key = page[i]
    local s, body = parse(call('HGET', states, key)), call('HGET', requests, key)
    local text = s and s.what == 'P' and body and parkedEntry(s, key, body)
    if text then
      local meant = math.max(0, (tonumber(s.owner) or 0) * 1000 - tonumber(page[i + 1]))
      local due = string.format('%.3f', (now + meant) / 1000)
      call('ZADD', retry, due, text)
      index(key, due)
      call('HSET', states, key, write('P', due, s))
    else
      -- Found to be over, or taken by somebody, when its time comes.
      call('ZADD', parked, string.format('%.3f', now / 1000), key)
      call('ZADD', since, string.format('%.0f', now), key)
    end
  end
  if #page == 200 then more = true end
  local far = call('ZRANGEBYSCORE', leases, string.format('(%.0f', now + 10 * lease + 600000),
    '+inf', 'LIMIT', 0, 100)
  for _, key in ipairs(far) do call('ZADD', leases, expiry, key) end
  return #page / 2
end

-- Parked requests of this queue that are due.
local function takeParked()
  local latest, at, looked = string.format('%.3f', now / 1000), 0, 0
  while not full() do
    if looked >= 1000 then
      more = true
      return
    end
    local keys = call('ZRANGEBYSCORE', parked, '-inf', latest, 'LIMIT', at, math.min(100, limit - count))
    if #keys == 0 then return end
    local found = call('HMGET', states, unpack(keys))
    for i, key in ipairs(keys) do
      if full() then return end
      at, looked = at + 1, looked + 1
      local s = not held[key] and parse(found[i])
      if s and s.what == 'P' then
        local body = call('HGET', requests, key)
        local text, score = nil, nil
        if body then text, score = parkedEntry(s, key, body) end
        if text and tonumber(score) > now / 1000 then
          -- Somebody gave it another time.
          call('ZADD', parked, score, key)
          call('HSET', states, key, write('P', string.format('%.3f', score), s))
          at = at - 1
        elseif text then
          dues[key] = s.owner
          hold(key, s, body)
          unparked[#unparked + 1] = text
          indexed[#indexed + 1] = key
        else
          missing = missing + 1
          gone[#gone + 1] = key
          indexed[#indexed + 1] = key
        end
      else
        indexed[#indexed + 1] = key
        if not held[key] and not found[i] then try('HDEL', requests, key) end
      end
    end
  end
end

-- A lease without a state that says so was left behind when its request ended, or was parked or given back: what
-- it was of is over, or somebody else's.
local function takeOver()
  local expired = call('ZRANGEBYSCORE', leases, '-inf', string.format('%.0f', now), 'LIMIT', 0, limit)
  for _, key in ipairs(expired) do
    if full() then return end
    if not held[key] then
      local s = parse(call('HGET', states, key))
      local body = s and s.what == 'L' and call('HGET', requests, key)
      if body then
        s.deliveries = s.deliveries + 1
        hold(key, s, body)
        taken = taken + 1
      elseif s and s.what == 'L' then
        gone[#gone + 1] = key
      else
        left[#left + 1] = key
        if not s or s.what == 'W' then try('HDEL', requests, key) end
      end
    end
  end
end

-- Whatever is looked at leaves the queue: what is held already is put aside, at most 1,000 a call.
local function dequeue()
  local size, moved = 8, 0
  while not full() do
    local page = call('ZRANGE', queue, front, front + math.min(size, limit - count) - 1, 'WITHSCORES')
    if #page == 0 then return end
    local keys, bytes = {}, 0
    for i = 1, #page, 2 do
      keys[#keys + 1] = redis.sha1hex(page[i])
      bytes = bytes + #page[i]
    end
    local found = call('HMGET', states, unpack(keys))
    for i, key in ipairs(keys) do
      if full() then return end
      local s, body = parse(found[i]), page[2 * i - 1]
      if held[key] or (s and s.what ~= 'W') then
        aside[#aside + 1] = key
        aside[#aside + 1] = page[2 * i] .. ' ' .. body
        moved = moved + 1
      elseif s then
        s.score = page[2 * i]
        hold(key, s, body, true)
      else
        holdNew(key, page[2 * i], body)
      end
      front = front + 1
    end
    if moved >= 1000 then
      more = true
      return
    end
    size = bytes < 65536 * #keys and 128 or 8
  end
end

-- What was put aside for something that is over (a settling process of an older version left it) comes back.
local function heal()
  if call('EXISTS', repeats) == 0 then return end
  local keys, over = call('HRANDFIELD', repeats, 8), {}
  for i, state in ipairs(call('HMGET', states, unpack(keys))) do
    local s = parse(state)
    if not s or s.what == 'W' then over[#over + 1] = keys[i] end
  end
  readmit(over)
end

-- Takes a claim back for which something could not be taken away: the first-th to the last-th are as they were.
local function unclaim(first, last)
  local before = {}
  for n = first, last do
    local key, rest = notes[2 * n - 1], string.match(notes[2 * n], '^L%S*( .*)$')
    before[#before + 1] = key
    before[#before + 1] = (dues[key] and 'P' .. dues[key] or 'W') .. rest
  end
  if #before > 0 then try('HSET', states, unpack(before)) end
end

heal()
if ARGV[3] ~= '' then again(tonumber(ARGV[3])) end
local corrected = setBack()
local beforeDue = count
if ARGV[8] == '1' then lookThrough() end
takeParked()
local afterDue = count
if now <= tonumber(ARGV[9]) then takeOver() end
local beforeQueue = count
dequeue()

-- Changes nothing: what cannot be taken away must not be claimed either. The first of them needs memory, which a
-- server only looks for before the first write.
if count > 0 or front > 0 then call('ZADD', leases, 'XX', 0, owner) end
if #unparked > 0 then call('ZREM', retry, owner) end
if front > 0 then call('ZREMRANGEBYRANK', queue, 1, 0) end

if #bodies > 0 then call('HSET', requests, unpack(bodies)) end
if #aside > 0 then call('HSET', repeats, unpack(aside)) end
if count > 0 then
  call('ZADD', leases, unpack(ends))
  call('HSET', states, unpack(notes))
end
local refusal = #unparked > 0 and try('ZREM', retry, unpack(unparked))
if refusal then
  unclaim(beforeDue + 1, afterDue)
  unclaim(beforeQueue + 1, count)
end
if not refusal and front > 0 then
  refusal = try('ZREMRANGEBYRANK', queue, 0, front - 1)
  if refusal then unclaim(beforeQueue + 1, count) end
end
if refusal then return { err = refusal } end
unindex(indexed)
if #left > 0 then try('ZREM', leases, unpack(left)) end
if #gone > 0 and not try('HDEL', states, unpack(gone)) then
  try('HDEL', requests, unpack(gone))
  try('ZREM', leases, unpack(gone))
  readmit(gone)
end
if count == 0 then proveItTakesWrites(states) end
local soonest = call('ZRANGEBYSCORE', parked, '(' .. string.format('%.3f', now / 1000), '+inf',
  'WITHSCORES', 'LIMIT', 0, 1)
local wait = soonest[2] and math.min(3600000, math.max(0, math.ceil(soonest[2] * 1000 - now))) or -1
local waiting = call('EXISTS', queue)
return { claims, passed, more and 1 or 0, wait, taken, waiting + call('EXISTS', parked), waiting, now,
  missing, corrected }
