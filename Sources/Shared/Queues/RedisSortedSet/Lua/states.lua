-- What more than one of them needs.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function parse(state)
  if not state then return nil end
  local what, owner, born, score, attempts, deliveries =
    string.match(state, '^(%u)(%S*) (%S+) (%S+) (%d+) (%d+)$')
  return { what = what, owner = owner, born = born, score = score, attempts = attempts,
    deliveries = deliveries }
end

local function write(what, owner, s)
  return what .. owner .. ' ' .. s.born .. ' ' .. s.score .. ' ' .. s.attempts .. ' ' .. s.deliveries
end

-- A replica refuses this, and it changes nothing elsewhere. What is not there on a replica may not have arrived.
local function proveItTakesWrites(hash) call('HDEL', hash, '') end
