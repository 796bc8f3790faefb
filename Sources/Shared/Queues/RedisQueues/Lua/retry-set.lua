-- Whose an entry of a retry set is: several queues may share one, and other programs write to it too.
--
-- An entry names its queue in `internal.request_queue_name` or `metadata.queue_name`; one that names none is everybody's.
--
--     retrySetOf(the queue's name, the same as a JSON string)
--     result  1 canonical(entry): where the queue's name ends in an entry that one of us wrote for this queue; nil for
--               any other, and where the name of another begins
--             2 ours(entry): whether it is this queue's, and where the name ends if one of us wrote it

local function retrySetOf(name, quoted)
  local function named(document)
    if type(document) ~= 'table' then return nil end
    local inside, notes = document.internal, document.metadata
    if type(inside) == 'table' and type(inside.request_queue_name) == 'string'
      and inside.request_queue_name ~= '' then
      return inside.request_queue_name
    end
    if type(notes) == 'table' and type(notes.queue_name) == 'string' then return notes.queue_name end
    return nil
  end

  local function canonical(entry)
    local _, last = string.find(entry, '^{"internal":{"retry_count":%d+,"request_queue_name":')
    if last and string.sub(entry, last + 1, last + #quoted) == quoted then return last + #quoted end
    return nil, last
  end

  local function ours(entry)
    local found, last = canonical(entry)
    if found then return true, found end
    if last and string.find(entry, '^"[^"\\]*"', last + 1) then return false end
    local ok, document = pcall(cjson.decode, entry)
    if not ok or type(document) ~= 'table' then return true end
    local other = named(document) or named(document.data)
    return other == nil or other == name
  end

  return canonical, ours
end
