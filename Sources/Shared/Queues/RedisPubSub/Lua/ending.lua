-- Ends a claim whose record is written; whatever of it can be refused was asked before.
--
-- A replica refuses what is asked: what is missing there may not have arrived yet, and is not taken for settled.

local function ask(claimed, leases)
  redis.call('HDEL', claimed, '')
  redis.call('ZREM', leases, '')
end
local function finish(claimed, leases, owners, id)
  redis.call('HDEL', claimed, id)
  redis.pcall('ZREM', leases, id)
  redis.pcall('HDEL', owners, id)
end
