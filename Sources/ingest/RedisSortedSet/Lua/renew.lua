-- Extends leases, also expired ones, as long as nobody has taken them over.
--
--     KEYS    1 leases, 2 state
--     ARGV    1 lease in ms; then two per lease, at most 500: submission, owner
--     result  one per lease: 1, or 0 if it is ours no longer

local expiry = string.format('%.0f', now + tonumber(ARGV[1]))
local keys, result, ends = {}, {}, {}
for i = 2, #ARGV, 2 do keys[#keys + 1] = ARGV[i] end
local found = call('HMGET', KEYS[2], unpack(keys))
for i, key in ipairs(keys) do
  local s = parse(found[i])
  local isHeld = s and s.what == 'L' and s.owner == ARGV[2 * i + 1]
  if isHeld then
    ends[#ends + 1] = expiry
    ends[#ends + 1] = key
  end
  result[i] = isHeld and 1 or 0
end
if #ends > 0 then call('ZADD', KEYS[1], unpack(ends)) end
if #ends < 2 * #keys then proveItTakesWrites(KEYS[2]) end
return result
