-- What the scripts that claim and that settle have in common: how a request is parked, and found again.
--
-- A parked request stands in the retry set, where other programs see it and may take it, and in an index of its
-- queue, by which we find it whatever else the retry set holds. The retry set says whether it is still parked: an
-- index entry without one there belongs to a request that somebody took.
--
-- In both scripts KEYS are 1 queue, 2 retry set, 3 requests, 4 leases, 5 state, 6 parked, 7 since, 8 again.

local queue, retry, requests, leases, states = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local parked, since, repeats = KEYS[6], KEYS[7], KEYS[8]
-- The queue's name as a JSON string.
local quoted

-- The members of `internal` that are not ours, as they were written, and what follows it; nil where `internal`
-- does not come first. Nothing is decoded: numbers stay as they are, and any depth will do.
local ourMembers = { retry_count = true, request_queue_name = true, transport_correlation_id = true }
local function envelope(body)
  local function valueEnd(at)
    local depth = 0
    while true do
      local found = string.find(body, '["{}%[%],]', at)
      local sign = found and string.sub(body, found, found)
      if not sign then
        return nil
      elseif sign == '"' then
        found = found + 1
        while true do
          found = string.find(body, '["\\]', found)
          if not found then return nil end
          if string.sub(body, found, found) == '"' then break end
          found = found + 2
        end
      elseif sign == '{' or sign == '[' then
        depth = depth + 1
      elseif depth == 0 then
        return found - 1
      elseif sign ~= ',' then
        depth = depth - 1
      end
      at = found + 1
    end
  end
  local _, at = string.find(body, '^%s*{%s*"internal"%s*:%s*{%s*')
  local more = {}
  while at and not string.find(body, '^%s*}', at + 1) do
    local _, colon, name = string.find(body, '^%s*"([^"\\]*)"%s*:', at + 1)
    local last = colon and valueEnd(colon + 1)
    if not last then return nil end
    if not ourMembers[name] then more[#more + 1] = ',"' .. name .. '":' .. string.sub(body, colon + 1, last) end
    at = string.sub(body, last + 1, last + 1) == ',' and last + 1 or last
  end
  local _, close = string.find(body, '^%s*}', at and at + 1 or #body + 1)
  if not close or not string.find(body, '^%s*,%s*"request_kind"%s*:%s*"%a+"%s*,%s*"data"%s*:', close + 1) then
    return nil
  end
  return table.concat(more), string.sub(body, close + 1)
end

-- How a parked request stands in the retry set: for people and for other programs; we go by its name.
local function entry(s, key, body)
  local head = '{"internal":{"retry_count":' .. s.attempts .. ',"request_queue_name":' .. quoted
    .. ',"transport_correlation_id":"' .. key .. '-' .. s.born .. '"'
  local more, rest = envelope(body)
  if more then return head .. more .. '}' .. rest end
  local data = string.find(body, '^%s*{') and body or cjson.encode(body)
  return head .. '},"request_kind":"redis","data":' .. data .. '}'
end

-- The entry of a parked request in the retry set, and its score there; nil if somebody took it away.
local function parkedEntry(s, key, body)
  local ok, text = pcall(entry, s, key, body)
  local score = ok and call('ZSCORE', retry, text)
  if score then return text, score end
  -- Another version of this script may have made another text of it.
  local name = '"transport_correlation_id":"' .. key .. '-' .. s.born .. '"'
  for _, other in ipairs(call('ZRANGEBYSCORE', retry, s.owner, s.owner, 'LIMIT', 0, 1000)) do
    if string.find(other, name, 1, true) then return other, s.owner end
  end
end

-- Where these are refused nothing is lost: what is parked is found in the retry set as well, and an index entry of
-- something that is over says so.
local function index(key, due)
  try('ZADD', parked, due, key)
  try('ZADD', since, string.format('%.0f', now), key)
end

local function unindex(keys)
  if #keys == 0 then return end
  if not try('ZREM', since, unpack(keys)) then try('ZREM', parked, unpack(keys)) end
end

-- Bytes that were put on the queue again while the first were held are the next submission once those are over.
local function readmit(keys)
  local _, some = try('EXISTS', repeats)
  if #keys == 0 or some ~= 1 then return end
  local _, all = try('HMGET', repeats, unpack(keys))
  for i, waiting in ipairs(all or {}) do
    if waiting and not try('HDEL', repeats, keys[i]) then
      local score, body = string.match(waiting, '^(%S+) (.*)$')
      if try('ZADD', queue, score, body) then try('HSET', repeats, keys[i], waiting) end
    end
  end
end
