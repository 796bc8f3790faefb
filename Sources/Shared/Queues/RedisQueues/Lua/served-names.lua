-- Names that were served within a time: at most 1,000, none longer than 1 KiB, whatever was put there.
--
--     KEYS    1 sorted set of names
--     ARGV    1, 2 from when to when, Unix seconds
--     result  names

local names = {}
for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[1], ARGV[2], 'LIMIT', 0, 1000)) do
  if #name <= 1024 then names[#names + 1] = name end
end
return names
