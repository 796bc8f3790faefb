-- A request's message, or its beginning.
--
--     KEYS    1 hash of messages
--     ARGV    1 field, 2 bytes of the largest message that is answered whole, 3 bytes that are answered of a larger one
--     result  the message or its beginning, and its size; nothing if there is none

local body = redis.call('HGET', KEYS[1], ARGV[1])
if not body then return {} end
if #body <= tonumber(ARGV[2]) then return { body, #body } end
return { string.sub(body, 1, tonumber(ARGV[3])), #body }
