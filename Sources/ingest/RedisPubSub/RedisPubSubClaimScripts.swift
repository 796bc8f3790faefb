/// Scripts that claim requests and keep claims alive: what ingest calls.
package enum ClaimScripts {
    /// Claims messages of a channel that several ingest processes may hear, or puts them into the retry set, due now.
    ///
    /// Who hears a message calls it by a series and a number, and all call it the same. Each claims what it hears in
    /// order, so that the highest number claimed says of every message of a series whether somebody has it. What is kept
    /// is one field per series, the last 256; a series nobody knows begins with nothing claimed.
    ///
    /// A call may be made again with the same arguments whatever became of it: its claims have the same names, and what
    /// is in the retry set is there once. The highest number is written last, and what could refuse that is tried first.
    ///
    ///     KEYS    1 retry set, 2 claimed, 3 leases, 4 owners, 5 heard, 6 parked
    ///     ARGV    1 owner, 2 lease in ms, 3 "1" if this very call may have been carried out before, 4 for how long the
    ///             series are remembered after the last call, ms; then five per message, at most 128: claim id, entry,
    ///             "claim", "park" or "aside" (nothing is stored, and nobody else takes it any more), series, number
    ///     result  one per message: 1 claimed, 2 parked (or claimed and gone since), 3 aside, 0 somebody else's
    ///     a field of heard holds "<highest number> <when it was last written, ms>"
    package static let arrivals = RedisScript(
        name: "claim-arrivals",
        source: """
            local time = redis.call('TIME')
            local now = time[1] * 1000 + math.floor(time[2] / 1000)
            local owner, expiry, again = ARGV[1], string.format('%.0f', now + tonumber(ARGV[2])), ARGV[3] == '1'
            local due, stamp = time[1] + time[2] / 1000000, string.format(' %.0f', now)
            local highest, order, result = {}, {}, {}
            local bodies, ends, owners, parked, index = {}, {}, {}, {}, {}

            -- Oldest first out: a storm of subscriptions leaves a series each.
            local function makeRoom()
              if redis.call('HLEN', KEYS[5]) < 256 then return end
              local all, times = redis.call('HGETALL', KEYS[5]), {}
              for i = 2, #all, 2 do times[#times + 1] = tonumber(string.match(all[i], '%d+$')) or 0 end
              table.sort(times)
              local oldest, old = times[math.floor(#times / 2)], {}
              for i = 2, #all, 2 do
                local isOld = (tonumber(string.match(all[i], '%d+$')) or 0) <= oldest
                if isOld and #old < 1000 then old[#old + 1] = all[i - 1] end
              end
              redis.pcall('HDEL', KEYS[5], unpack(old))
            end

            for i = 4, #ARGV - 1, 5 do
              local series = ARGV[i + 4]
              if not highest[series] then
                local known = redis.call('HGET', KEYS[5], series)
                highest[series] = known and tonumber(string.match(known, '^%d+')) or 0
                order[#order + 1] = series
              end
            end
            redis.call('HEXISTS', KEYS[2], '')
            redis.call('HEXISTS', KEYS[4], '')
            redis.call('ZCARD', KEYS[3])
            redis.call('ZCARD', KEYS[1])
            redis.call('ZCARD', KEYS[6])
            makeRoom()
            for _, series in ipairs(order) do
              redis.call('HSET', KEYS[5], series, string.format('%.0f', highest[series]) .. stamp)
            end

            local function mine(id, entry)
              if redis.call('HGET', KEYS[4], id) == owner then return 1 end
              local isKept = redis.call('ZSCORE', KEYS[1], entry) or redis.call('HEXISTS', KEYS[2], id) == 1
              return isKept and 2 or 0
            end

            for i = 4, #ARGV - 1, 5 do
              local id, entry, how, series, number = ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4], tonumber(ARGV[i + 5])
              local status = 0
              if number <= highest[series] then
                if again then status = mine(id, entry) end
              else
                highest[series] = number
                if how == 'aside' then
                  status = 3
                elseif how == 'park' then
                  -- Microseconds apart, so that each is found by its time.
                  local at = string.format('%.6f', due + #parked / 2000000)
                  parked[#parked + 1] = at
                  parked[#parked + 1] = entry
                  index[#index + 1] = at
                  index[#index + 1] = id
                  status = 2
                else
                  bodies[#bodies + 1] = id
                  bodies[#bodies + 1] = entry
                  ends[#ends + 1] = expiry
                  ends[#ends + 1] = id
                  owners[#owners + 1] = id
                  owners[#owners + 1] = owner
                  status = 1
                end
              end
              result[#result + 1] = status
            end

            if #bodies > 0 then
              redis.call('HSET', KEYS[2], unpack(bodies))
              redis.call('ZADD', KEYS[3], unpack(ends))
              redis.call('HSET', KEYS[4], unpack(owners))
            end
            if #parked > 0 then
              redis.call('ZADD', KEYS[1], unpack(parked))
              redis.call('ZADD', KEYS[6], unpack(index))
            end
            for _, series in ipairs(order) do
              redis.call('HSET', KEYS[5], series, string.format('%.0f', highest[series]) .. stamp)
            end
            redis.call('PEXPIRE', KEYS[5], ARGV[4])
            return result
            """
    )

    /// Claims what is parked and due, then what others let expire.
    ///
    /// A queue's own parked requests are found by its index, whatever lies beside them in the retry set. What other programs
    /// put there is looked through, at most 500 entries per call; entries of other queues stay untouched. It moves what is
    /// there already, and needs no memory: a server without any refuses only a script's first write.
    ///
    /// An entry names its queue in `internal.request_queue_name` or `metadata.queue_name`; one that names none is taken.
    /// An entry leaves the retry set when it is claimed, never before.
    ///
    ///     KEYS    1 retry set, 2 claimed, 3 leases, 4 owners, 5 deliveries, 6 parked
    ///     ARGV    1 owner, 2 lease in ms, 3 "" for a first call; if this very call may have been carried out before, the
    ///             server's time before it was made first, ms, 4 most claims, 5 most bytes of entries (one always fits),
    ///             6 the queue's name, 7 the same as a JSON string, 8 where to start looking through the retry set, or -1
    ///             to leave it, 9 where to start among the expired, or -1 for no takeover
    ///     result  1 claims, each [claim id, entry, leases that expired], 2 entries of others passed over,
    ///             3 where to go on in the retry set, 4 among the expired (both -1 at the end),
    ///             5 ms until the next of the index is due, -1 for none, 6 claims taken over, 7 the server's time, ms,
    ///             8 ms until the next of the retry set is due, if that is ours, else -1
    package static let due = RedisScript(
        name: "claim-due",
        source: """
            local time = redis.call('TIME')
            local now = time[1] * 1000 + math.floor(time[2] / 1000)
            local clock = string.format('%.6f', time[1] + time[2] / 1000000)
            local owner, lease, limit, room = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[4]), tonumber(ARGV[5])
            local queue, quoted = ARGV[6], ARGV[7]
            local claims, foreign, taken, serial = {}, 0, 0, 0

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

            -- Where the queue's name ends in an entry written by one of us for this queue.
            local function canonical(entry)
              local _, last = string.find(entry, '^{"internal":{"retry_count":%d+,"request_queue_name":')
              if last and string.sub(entry, last + 1, last + #quoted) == quoted then return last + #quoted end
              return nil, last
            end

            local function ours(entry)
              local found, last = canonical(entry)
              if found then return true end
              if last and string.find(entry, '^"[^"\\\\]*"', last + 1) then return false end
              local ok, document = pcall(cjson.decode, entry)
              if not ok or type(document) ~= 'table' then return true end
              local name = named(document) or named(document.data)
              return name == nil or name == queue
            end

            local function claim(id, entry)
              -- Changes nothing: whoever may not do that leaves nothing half done.
              if #claims == 0 then redis.call('ZADD', KEYS[3], 'XX', 0, '') end
              redis.call('HSET', KEYS[2], id, entry)
              redis.call('ZADD', KEYS[3], string.format('%.0f', now + lease), id)
              redis.call('HSET', KEYS[4], id, owner)
              claims[#claims + 1] = { id, entry, tonumber(redis.call('HGET', KEYS[5], id)) or 0 }
              room = room - #entry
            end

            local function full() return #claims >= limit or (#claims > 0 and room <= 0) end

            -- What a call with this owner has claimed before: its leases were made since the call was made first.
            local function again(from)
              local start = now < from and '-inf' or string.format('%.0f', from + lease - 1000)
              local ids = redis.call('ZRANGEBYSCORE', KEYS[3], start, '+inf')
              for at = 1, #ids, 1000 do
                local last = math.min(#ids, at + 999)
                local found = redis.call('HMGET', KEYS[4], unpack(ids, at, last))
                for i = at, last do
                  local entry = found[i - at + 1] == owner and redis.call('HGET', KEYS[2], ids[i])
                  if entry then claim(ids[i], entry) end
                end
              end
            end

            -- The entry of the retry set that belongs to an id of the index; false if there are too many of its time to tell.
            local function parkedEntry(id, score)
              local name, at = '"transport_correlation_id":"' .. id .. '"', 0
              while at < 1000 do
                local page = redis.call('ZRANGEBYSCORE', KEYS[1], score, score, 'LIMIT', at, 20)
                for _, entry in ipairs(page) do
                  local last = canonical(entry)
                  if last and string.sub(entry, last + 2, last + 1 + #name) == name then return entry end
                end
                if #page < 20 then return nil end
                at = at + 20
              end
              return false
            end

            local function takeParked()
              local page = redis.call('ZRANGEBYSCORE', KEYS[6], '-inf', clock, 'WITHSCORES', 'LIMIT', 0, limit)
              for i = 1, #page, 2 do
                if full() then return end
                local entry = parkedEntry(page[i], page[i + 1])
                if entry then
                  claim(page[i], entry)
                  redis.call('ZREM', KEYS[1], entry)
                end
                -- Somebody else has taken it from the retry set, or will be found there.
                redis.call('ZREM', KEYS[6], page[i])
              end
            end

            -- Calls take(member) for each member up to the score; true means that it left the set.
            local function page(key, score, start, take)
              local seen = 0
              while seen < 500 do
                local members = redis.call('ZRANGEBYSCORE', key, '-inf', score, 'LIMIT', start, 100)
                for _, member in ipairs(members) do
                  if full() then return start end
                  seen = seen + 1
                  if not take(member) then start = start + 1 end
                end
                if #members < 100 then return -1 end
              end
              return start
            end

            local function takeDue(entry)
              if not ours(entry) then
                foreign = foreign + 1
                return false
              end
              local found = canonical(entry)
              local written = found and string.match(entry, '^,"transport_correlation_id":"([%w%.%-]+)"', found + 1)
              local id = written
              while not id or redis.call('HEXISTS', KEYS[2], id) == 1 do
                serial = serial + 1
                id = owner .. '-' .. serial
              end
              claim(id, entry)
              redis.call('ZREM', KEYS[1], entry)
              if written then redis.call('ZREM', KEYS[6], written) end
              return true
            end

            local function takeOver(id)
              local entry = redis.call('HGET', KEYS[2], id)
              if not entry then
                redis.call('ZREM', KEYS[3], id)
                redis.call('HDEL', KEYS[4], id)
                return true
              end
              if not ours(entry) then return false end
              redis.call('HINCRBY', KEYS[5], id, 1)
              claim(id, entry)
              taken = taken + 1
              return true
            end

            -- Changes nothing: what may be refused later is refused here.
            redis.call('ZREM', KEYS[1], '\\0')
            redis.call('ZREM', KEYS[6], '')
            redis.call('HEXISTS', KEYS[2], '')
            redis.call('HEXISTS', KEYS[4], '')
            redis.call('HEXISTS', KEYS[5], '')
            if ARGV[3] ~= '' then again(tonumber(ARGV[3])) end
            takeParked()
            local start = tonumber(ARGV[8])
            if start >= 0 then start = page(KEYS[1], clock, start, takeDue) end
            local expired = tonumber(ARGV[9])
            if expired >= 0 then expired = page(KEYS[3], string.format('%.0f', now), expired, takeOver) end
            local function left(score)
              return score and math.min(3600000, math.max(0, math.ceil(score * 1000 - now))) or -1
            end
            local mine = redis.call('ZRANGE', KEYS[6], 0, 0, 'WITHSCORES')
            local soonest = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. clock, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
            local strange = soonest[2] and ours(soonest[1]) and soonest[2]
            return { claims, foreign, start, expired, left(mine[2]), taken, now, left(strange) }
            """
    )

    /// Replaces the stored form of a claimed entry that another program had written, so that all later scripts know it.
    ///
    ///     KEYS    1 claimed, 2 owners
    ///     ARGV    1 claim id, 2 owner, 3 entry
    ///     result  1, or 0 if the lease is somebody else's
    package static let adopt = RedisScript(
        name: "adopt",
        source: """
            if redis.call('HGET', KEYS[2], ARGV[1]) ~= ARGV[2] then return 0 end
            redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
            return 1
            """
    )

    /// Extends leases, also expired ones, as long as nobody has taken them over.
    ///
    ///     KEYS    1 leases, 2 owners
    ///     ARGV    1 lease in ms; then two per claim: claim id, owner
    ///     result  one per claim: 1, or 0 if it is ours no longer
    package static let renew = RedisScript(
        name: "renew",
        source: """
            local time = redis.call('TIME')
            local expiry = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[1]))
            local result, isComplete = {}, true
            for i = 2, #ARGV, 2 do
              local held = redis.call('HGET', KEYS[2], ARGV[i]) == ARGV[i + 1]
              if held then redis.call('ZADD', KEYS[1], expiry, ARGV[i]) end
              result[#result + 1] = held and 1 or 0
              if not held then isComplete = false end
            end
            -- A replica refuses this: what is missing there may not have arrived.
            if not isComplete then redis.call('HDEL', KEYS[2], '') end
            return result
            """
    )
}
