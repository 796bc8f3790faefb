-- Takes tokens of the bucket that a controller's lease fills.
--
-- KEYS: the lease, the bucket. ARGV: pool, seconds of rate that the bucket keeps, tokens wanted, version of the lease.
-- Returns how many there are, and milliseconds until the next; -1 where the lease gives none.
local lease = redis.call('HMGET', KEYS[1], 'api_version', 'pool_id', 'max_admission_rps', 'valid_until_unix_ms',
  'decision_id')
local now = clock()
local rate, ends = tonumber(lease[3]), tonumber(lease[4])
local is_valid = lease[1] == ARGV[4] and lease[2] == ARGV[1] and rate and rate >= 0 and rate < math.huge
  and ends and ends > now / 1000 and lease[5] and lease[5] ~= ''
if not is_valid or rate == 0 then
  return { 0, -1 }
end
local most = math.max(1, rate * tonumber(ARGV[2]))
local bucket = redis.call('HMGET', KEYS[2], 'tokens', 'at_us')
local at = math.min(now, tonumber(bucket[2]) or now)
local tokens = math.min(most, (tonumber(bucket[1]) or most) + (now - at) / 1000000 * rate)
local granted = math.min(tonumber(ARGV[3]), math.floor(tokens))
tokens = tokens - granted
redis.call('HSET', KEYS[2], 'tokens', string.format('%.9f', tokens), 'at_us', whole(now))
redis.call('PEXPIREAT', KEYS[2], whole(math.max(ends, now / 1000 + most / rate * 1000) + 1000))
if tokens >= 1 then
  return { granted, 0 }
end
return { granted, math.min(3600000, math.ceil((1 - tokens) / rate * 1000)) }
