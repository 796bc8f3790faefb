/// Scripts that claim requests and keep claims alive: what ingest calls.
package enum ClaimScripts {
    /// Claims messages of a channel that several replicas hear, or puts them into the retry set, due now.
    ///
    /// Every replica counts the publications of the same bytes it has heard; the n-th is claimed by whoever comes first,
    /// and the others see that n has been claimed. Counts belong to an epoch, which begins with a first claim and ends
    /// when nothing was claimed for `sightings live` milliseconds; a replica that knows another epoch starts again. A
    /// replica new to an epoch starts behind what was claimed before it subscribed, which it cannot have heard.
    ///
    ///     KEYS    1 retry set, 2 claimed, 3 leases, 4 owners, 5… list of sightings of each message
    ///     ARGV    1 owner, 2 lease in ms, 3 "1" if this very call may have been carried out before, 4 sightings live, ms;
    ///             then six per message: claim id, entry, "claim" or "park", when the replica subscribed (ms since
    ///             1970), the epoch it knows or "", its count in that
    ///     result  three per message: 1 claimed, 2 parked (or claimed and gone since), 0 somebody else's; epoch; count
    ///     sighting lists hold "<epoch> <count> <claimed at, ms> <claim id>", the last 64
    package static let arrivals = RedisScript(
        name: "claim-arrivals",
        source: """
            local time = redis.call('TIME')
            local now = time[1] * 1000 + math.floor(time[2] / 1000)
            local owner, lease, again, live = ARGV[1], tonumber(ARGV[2]), ARGV[3] == '1', ARGV[4]

            local function parse(sighting)
              return string.match(sighting, '^(%S+) (%d+) (%d+) (%S+)$')
            end

            local function done(seen, id)
              for _, sighting in ipairs(redis.call('LRANGE', seen, 0, -1)) do
                local epoch, count, _, by = parse(sighting)
                if by == id then
                  local mine = redis.call('HGET', KEYS[4], id) == owner
                  return mine and 1 or 2, epoch, tonumber(count)
                end
              end
            end

            local function claimedBefore(seen, since)
              local count
              for _, sighting in ipairs(redis.call('LRANGE', seen, 0, -1)) do
                local _, nth, at = parse(sighting)
                if not count then count = tonumber(nth) - 1 end
                if tonumber(at) < since then count = tonumber(nth) end
              end
              return count
            end

            local function store(id, entry, how)
              if how == 'park' then
                redis.call('ZADD', KEYS[1], string.format('%.3f', now / 1000), entry)
                return 2
              end
              redis.call('HSET', KEYS[2], id, entry)
              redis.call('ZADD', KEYS[3], string.format('%.0f', now + lease), id)
              redis.call('HSET', KEYS[4], id, owner)
              return 1
            end

            local known, result = {}, {}
            for i = 1, #KEYS - 4 do
              local seen, at = KEYS[4 + i], 4 + (i - 1) * 6
              local id, entry, how, since = ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], tonumber(ARGV[at + 4])
              local status, epoch, count
              if again then status, epoch, count = done(seen, id) end
              if not status then
                local last, highest = redis.call('LINDEX', seen, -1), 0
                local mine = known[seen] or { ARGV[at + 5], tonumber(ARGV[at + 6]) }
                epoch, count = id, 1
                if last then
                  epoch, highest = parse(last)
                  highest = tonumber(highest)
                  count = (mine[1] == epoch and mine[2] or claimedBefore(seen, since)) + 1
                end
                status = 0
                if count > highest then
                  status = store(id, entry, how)
                  redis.call('RPUSH', seen, epoch .. ' ' .. count .. ' ' .. string.format('%.0f', now) .. ' ' .. id)
                  redis.call('LTRIM', seen, -64, -1)
                  redis.call('PEXPIRE', seen, live)
                end
              end
              known[seen] = { epoch, count }
              result[#result + 1] = status
              result[#result + 1] = epoch
              result[#result + 1] = count
            end
            return result
            """
    )

    /// Claims what is due in the retry set, then what others let expire.
    ///
    /// Entries of other queues stay untouched.
    ///
    /// An entry names its queue in `internal.request_queue_name` or `metadata.queue_name`; one that names none is taken.
    /// Looks at no more than 1,000 entries of each kind per call.
    ///
    ///     KEYS    1 retry set, 2 claimed, 3 leases, 4 owners, 5 deliveries
    ///     ARGV    1 owner, 2 lease in ms, 3 "1" if this very call may have been carried out before, 4 most claims,
    ///             5 most bytes of entries (one always fits), 6 the queue's name, 7 the same as a JSON string,
    ///             8 where to start among the due, 9 among the expired, or -1 for no takeover
    ///     result  1 claims, each [claim id, entry, leases that expired], 2 entries of others passed over,
    ///             3 where to go on among the due, 4 among the expired (both -1 at the end),
    ///             5 ms until the next entry is due, -1 for none, 6 claims taken over
    package static let due = RedisScript(
        name: "claim-due",
        source: """
            local time = redis.call('TIME')
            local now = time[1] * 1000 + math.floor(time[2] / 1000)
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
              redis.call('HSET', KEYS[2], id, entry)
              redis.call('ZADD', KEYS[3], string.format('%.0f', now + lease), id)
              redis.call('HSET', KEYS[4], id, owner)
              claims[#claims + 1] = { id, entry, tonumber(redis.call('HGET', KEYS[5], id) or 0) }
              room = room - #entry
            end

            local function full() return #claims >= limit or (#claims > 0 and room <= 0) end

            local function again()
              local all = redis.call('HGETALL', KEYS[4])
              for i = 1, #all, 2 do
                local entry = all[i + 1] == owner and redis.call('HGET', KEYS[2], all[i])
                if entry then claim(all[i], entry) end
              end
            end

            -- Calls take(member) for each member up to the score; true means that it left the set.
            local function page(key, score, start, take)
              local seen = 0
              while seen < 1000 do
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
              local id = found and string.match(entry, '^,"transport_correlation_id":"([%w%.%-]+)"', found + 1)
              while not id or redis.call('HEXISTS', KEYS[2], id) == 1 do
                serial = serial + 1
                id = owner .. '-' .. serial
              end
              redis.call('ZREM', KEYS[1], entry)
              claim(id, entry)
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

            if ARGV[3] == '1' then again() end
            local due = page(KEYS[1], string.format('%.3f', now / 1000), tonumber(ARGV[8]), takeDue)
            local expired = tonumber(ARGV[9])
            if expired >= 0 then expired = page(KEYS[3], string.format('%.0f', now), expired, takeOver) end
            local soonest = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. string.format('%.3f', now / 1000), '+inf',
              'WITHSCORES', 'LIMIT', 0, 1)
            local wait = soonest[2] and math.max(0, math.ceil(soonest[2] * 1000 - now)) or -1
            return { claims, foreign, due, expired, math.min(wait, 3600000), taken }
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
            local result = {}
            for i = 2, #ARGV, 2 do
              local held = redis.call('HGET', KEYS[2], ARGV[i]) == ARGV[i + 1]
              if held then redis.call('ZADD', KEYS[1], expiry, ARGV[i]) end
              result[#result + 1] = held and 1 or 0
            end
            return result
            """
    )
}
