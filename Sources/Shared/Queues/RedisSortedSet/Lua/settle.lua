-- Comes after parking.lua, whose KEYS are the arguments 2 to 10 here.
--
-- Settles leases: with a result, parked, given back, or as dead letters; in the order given.
--
-- A result is written for a submission that is leased or parked, whoever holds it; the others need the lease. With
-- the record go the producer's `request-active` and `request-cancel`, where they hold the submission's token.
-- Results that follow each other and go to one list are written by one command; a list that refuses them changes
-- nothing for the others.
--
-- A state ends or changes before anything is written for it, and comes back where that is refused: there is no
-- moment at which a repetition finds the request open and its record written. What a record leaves behind (bytes, a
-- lease) is harmless without its state. Only the state is a key of the call: a right that is missing for any other
-- (a list that a producer named, the dead letters) would refuse the call for all.
--
--     KEYS    1 state
--     ARGV    1 the queue's name as a JSON string; 2 queue, 3 retry set, 4 requests, 5 leases, 6 state, 7 parked,
--             8 since, 9 again, 10 dead letters; then eleven per settlement, at most 256:
--             "result", "park", "release", "dead" or "nothing"; submission; born; owner; token or "";
--             result list; `request-active`; `request-cancel`;
--             result, or "" for none; dead letter's document, or ms until a parked one is due; failed attempts, or ""
--             to leave the count as it is
--     result  one per settlement: 1 settled, 0 stale, or the text of the server's error: then nothing was written;
--             one more if the producers' keys could not be removed: why. An error: nothing was written for any

quoted = ARGV[1]
local letters = KEYS[9]
local count = (#ARGV - 10) / 11
local result, ended, unparked, markers, tokens = {}, {}, {}, {}, {}

local function argument(i, n) return ARGV[10 + (i - 1) * 11 + n] end
local function list(i) return argument(i, 6) end

local keys, open = {}, {}
for i = 1, count do keys[i] = argument(i, 2) end
local found = call('HMGET', states, unpack(keys))
for i, key in ipairs(keys) do open[key] = found[i] end

-- The state, if the settlement may end it.
local function mayEnd(i)
  local s = parse(open[keys[i]])
  if not s or s.born ~= argument(i, 3) then return nil end
  if argument(i, 1) == 'result' then return s.what ~= 'W' and s or nil end
  return s.what == 'L' and s.owner == argument(i, 4) and s or nil
end

-- Changes nothing: whatever is refused later is refused here, before the first write. The first of them needs
-- memory, which a server only looks for before the first write; a replica, which may not have what was written
-- last, refuses them all.
for i = 1, count do
  if open[keys[i]] then
    call('HSETNX', states, keys[i], '')
    break
  end
end
call('HDEL', requests, '')
call('ZREM', leases, '')

-- Ends the states of some settlements around a write: that is refused, or all of it is done.
local function record(places, write)
  local names = {}
  for n, i in ipairs(places) do names[n] = keys[i] end
  local refusal = try('HDEL', states, unpack(names))
  if refusal then return refusal end
  refusal = write()
  if refusal then
    for _, key in ipairs(names) do try('HSETNX', states, key, open[key]) end
    return refusal
  end
  for n, i in ipairs(places) do
    result[i] = 1
    open[keys[i]] = false
    ended[#ended + 1] = keys[i]
    local token = argument(i, 5)
    if token ~= '' then
      for name = 7, 8 do
        markers[#markers + 1] = argument(i, name)
        tokens[#tokens + 1] = token
      end
    end
  end
end

-- A result for a request that is parked: its entry goes first, for without its state it were a new request.
local function unpark(i, s)
  local key, text, score = keys[i], nil, nil
  local refusal, body = try('HGET', requests, key)
  if body then
    local found
    found, text, score = pcall(parkedEntry, s, key, body)
    if not found then refusal = refused or text end
  end
  if text and not refusal then refusal = try('ZADD', retry, 'XX', score, text) or try('ZREM', retry, text) end
  if refusal then return refusal end
  refusal = record({ i }, function() return (try('LPUSH', list(i), argument(i, 9))) end)
  if not refusal then
    unparked[#unparked + 1] = key
  elseif text then
    try('ZADD', retry, score, text)
  end
  return refusal
end

-- Nearly all that end are leased by whoever says so: that is seen without reading the whole state.
local function isLeased(i)
  local state, start = open[keys[i]], 'L' .. argument(i, 4) .. ' ' .. argument(i, 3) .. ' '
  return state and string.sub(state, 1, #start) == start
end

-- Results that go to one list, from the i-th settlement on; returns the last of them.
local function results(i)
  local last, name, some, documents, taken = i, list(i), {}, {}, {}
  while last <= count and argument(last, 1) == 'result' and list(last) == name do
    local key = keys[last]
    local s = not taken[key] and not isLeased(last) and mayEnd(last)
    if s and s.what == 'P' then
      result[last] = unpark(last, s) or 1
    elseif not taken[key] and (s or isLeased(last)) then
      taken[key] = true
      some[#some + 1] = last
      documents[#documents + 1] = argument(last, 9)
    else
      result[last] = 0
    end
    last = last + 1
  end
  if #some > 0 then
    local refusal = record(some, function() return (try('LPUSH', name, unpack(documents))) end)
    if refusal then for _, one in ipairs(some) do result[one] = refusal end end
  end
  return last - 1
end

local function park(i, s, body, delay, attempts)
  local key = keys[i]
  s.attempts = attempts ~= '' and attempts or s.attempts
  -- The clock is cut to whole milliseconds: without one more the delay could be that much too short.
  local due = string.format('%.3f', (now + (delay > 0 and math.ceil(delay) + 1 or 0)) / 1000)
  local parked, state = entry(s, key, body), write('P', due, s)
  local refusal = try('HSET', states, key, state)
  if refusal then return refusal end
  refusal = try('ZADD', retry, due, parked)
  if refusal then
    try('HSET', states, key, open[key])
    return refusal
  end
  open[key] = state
  index(key, due)
  try('ZREM', leases, key)
  return 1
end

-- The same bytes may have been put on the queue once more: then these wait in the retry set, or one were lost.
local function release(i, s, body)
  local key = keys[i]
  local refusal, score = try('ZSCORE', queue, body)
  if refusal then return refusal end
  local again
  refusal, again = try('HEXISTS', repeats, key)
  if refusal then return refusal end
  if score or again == 1 then return park(i, s, body, 0, '') end
  refusal = try('HSET', states, key, write('W', '', s))
  if refusal then return refusal end
  refusal = try('ZADD', queue, s.score, body)
  if refusal then
    try('HSET', states, key, open[key])
    return refusal
  end
  open[key] = false
  if s.attempts + s.deliveries == 0 then try('HDEL', states, key) end
  ended[#ended + 1] = key
  return 1
end

local function bury(i)
  return record({ i }, function()
    local refusal = try('RPUSH', letters, argument(i, 10))
    if refusal or argument(i, 9) == '' then return refusal end
    refusal = try('LPUSH', list(i), argument(i, 9))
    -- A letter that cannot be taken back counts.
    return refusal and not try('RPOP', letters) and refusal or nil
  end) or 1
end

local i = 1
while i <= count do
  local what = argument(i, 1)
  if what == 'result' then
    i = results(i)
  else
    local s = mayEnd(i)
    local refusal, body
    if s and what ~= 'dead' then refusal, body = try('HGET', requests, keys[i]) end
    if refusal then
      result[i] = refusal
    elseif not s or (what ~= 'dead' and not body) then
      result[i] = 0
    elseif what == 'park' then
      result[i] = park(i, s, body, tonumber(argument(i, 10)), argument(i, 11))
    elseif what == 'release' then
      result[i] = release(i, s, body)
    elseif what == 'dead' then
      result[i] = bury(i)
    else
      result[i] = 0
    end
  end
  i = i + 1
end

-- As long as the lease or the index entry is there, whoever claims finds what is left.
if #ended > 0 and not try('HDEL', requests, unpack(ended)) then
  try('ZREM', leases, unpack(ended))
  unindex(unparked)
end
readmit(ended)

local function clear(names, tokens)
  local refusal, values = try('MGET', unpack(names))
  if refusal then return refusal end
  local ours = {}
  for n, value in ipairs(values) do
    if value == tokens[n] then ours[#ours + 1] = names[n] end
  end
  return #ours > 0 and try('DEL', unpack(ours)) or nil
end
-- One that is none, or that we may not touch, keeps no other.
if #markers > 0 and clear(markers, tokens) then
  for n, marker in ipairs(markers) do
    result[count + 1] = clear({ marker }, { tokens[n] }) or result[count + 1]
  end
end
return result
