extension SortedSetScripts {
    /// Claims what is due in the retry set, then what others let expire, then what waits, by deadline.
    ///
    /// A submission that is leased or parked already stays where it is. Entries of the retry set that name another queue
    /// (in `internal.request_queue_name` or `metadata.queue_name`) stay as well; those that name none are taken.
    ///
    ///     KEYS    1 queue, 2 retry set, 3 requests, 4 leases, 5 state
    ///     ARGV    1 owner, 2 lease in ms, 3 "1" if this very call may have been carried out before, 4 most claims (512),
    ///             5 most bytes (one request always fits), 6 the queue's name, 7 the same as a JSON string,
    ///             8 where to start among the due, or -1 to leave them, 9 "1" to take over expired leases
    ///     result  1 claims, five values each: submission, born, bytes, failed attempts, leases that expired;
    ///             2 entries of other queues passed over, 3 where to go on among the due, -1 at the end,
    ///             4 ms until the next entry is due, -1 for none, 5 claims taken over,
    ///             6 how many of queue and retry set hold anything now, 7 "1" if the queue does
    static let claimSource = """
        local queue, retry, requests, leases, states = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
        local owner, lease, limit, room = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[4]), tonumber(ARGV[5])
        local name, quoted = ARGV[6], ARGV[7]
        local expiry = string.format('%.0f', now + lease)
        local claims, count, held, foreign, taken = {}, 0, {}, 0, 0
        local bodies, ends, notes, unparked, dequeued, gone = {}, {}, {}, {}, {}, {}
        local front = 0

        local function full() return count >= limit or (count > 0 and room <= 0) end

        local function add(key, note, body, born, attempts, deliveries)
          held[key] = true
          local two, five = 2 * count, 5 * count
          ends[two + 1], ends[two + 2] = expiry, key
          notes[two + 1], notes[two + 2] = key, note
          claims[five + 1], claims[five + 2], claims[five + 3] = key, born, body
          claims[five + 4], claims[five + 5] = attempts, deliveries
          count = count + 1
          room = room - #body
        end

        local function hold(key, s, body, isNew)
          if isNew then
            bodies[#bodies + 1] = key
            bodies[#bodies + 1] = body
          end
          add(key, write('L', owner, s), body, s.born, tonumber(s.attempts), tonumber(s.deliveries))
        end

        -- Most requests were never claimed before.
        local first = 'L' .. owner .. ' ' .. owner .. ' '
        local function holdNew(key, score, body)
          bodies[#bodies + 1] = key
          bodies[#bodies + 1] = body
          add(key, first .. score .. ' 0 0', body, owner, 0, 0)
        end

        local function fresh(score) return { born = owner, score = score, attempts = 0, deliveries = 0 } end

        -- What a call with this owner has claimed before.
        local function again()
          local all = redis.call('HGETALL', states)
          for i = 1, #all, 2 do
            local s = parse(all[i + 1])
            if s.what == 'L' and s.owner == owner then
              local body = redis.call('HGET', requests, all[i])
              if body then hold(all[i], s, body) end
            end
          end
        end

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

        -- Whether an entry of the retry set is this queue's, and what follows the queue's name in one that we wrote.
        local function ours(entry)
          local _, last = string.find(entry, '^{"internal":{"retry_count":%d+,"request_queue_name":')
          if last and string.sub(entry, last + 1, last + #quoted) == quoted then
            return true, last + #quoted + 1
          end
          if last and string.find(entry, '^"[^"\\\\]*"', last + 1) then return false end
          local ok, document = pcall(cjson.decode, entry)
          if not ok or type(document) ~= 'table' then return true end
          local found = named(document) or named(document.data)
          return found == nil or found == name
        end

        local function takeDue(entry)
          local isOurs, rest = ours(entry)
          if not isOurs then
            foreign = foreign + 1
            return false
          end
          local key, born
          if rest then
            key, born = string.match(entry, '^,"transport_correlation_id":"(%x+)%-([%w%.]+)"', rest)
          end
          local s = key and parse(redis.call('HGET', states, key))
          local body = s and s.what == 'P' and s.born == born and redis.call('HGET', requests, key)
          if body then
            hold(key, s, body)
          else
            -- Somebody else wrote it: its bytes are the request.
            key = redis.sha1hex(entry)
            s = parse(redis.call('HGET', states, key))
            if held[key] or (s and s.what ~= 'W') then return false end
            hold(key, s or fresh('0'), entry, true)
          end
          unparked[#unparked + 1] = entry
          return true
        end

        -- At most 1,000 entries per call; says where to go on.
        local function due(start)
          local at, kept, seen = start, 0, 0
          while seen < 1000 do
            local entries = redis.call('ZRANGEBYSCORE', retry, '-inf', string.format('%.3f', now / 1000),
              'LIMIT', at, 100)
            for _, entry in ipairs(entries) do
              if full() then return start + kept end
              at, seen = at + 1, seen + 1
              if not takeDue(entry) then kept = kept + 1 end
            end
            if #entries < 100 then return -1 end
          end
          return start + kept
        end

        local function takeOver()
          local expired = redis.call('ZRANGEBYSCORE', leases, '-inf', string.format('%.0f', now), 'LIMIT', 0, limit)
          for _, key in ipairs(expired) do
            if full() then return end
            if not held[key] then
              local body = redis.call('HGET', requests, key)
              local s = parse(redis.call('HGET', states, key)) or fresh('0')
              if body then
                s.deliveries = s.deliveries + 1
                hold(key, s, body)
                taken = taken + 1
              else
                gone[#gone + 1] = key
              end
            end
          end
        end

        local function dequeue()
          local at, size, kept = 0, 8, 0
          while not full() and kept < 1000 do
            local page = redis.call('ZRANGE', queue, at, at + math.min(size, limit - count) - 1, 'WITHSCORES')
            if #page == 0 then return end
            local keys, bytes = {}, 0
            for i = 1, #page, 2 do
              keys[#keys + 1] = redis.sha1hex(page[i])
              bytes = bytes + #page[i]
            end
            local found = redis.call('HMGET', states, unpack(keys))
            for i, key in ipairs(keys) do
              if full() then return end
              local s, body = parse(found[i]), page[2 * i - 1]
              if held[key] or (s and s.what ~= 'W') then
                kept = kept + 1
              else
                if s then
                  s.score = page[2 * i]
                  hold(key, s, body, true)
                else
                  holdNew(key, page[2 * i], body)
                end
                -- What is passed over stays: those before it are removed by rank, without their bytes.
                if kept == 0 then front = front + 1 else dequeued[#dequeued + 1] = body end
              end
            end
            at = at + #keys
            size = bytes < 65536 * #keys and 128 or 8
          end
        end

        redis.call('HEXISTS', requests, '')
        redis.call('ZCARD', leases)
        if ARGV[3] == '1' then again() end
        local start = tonumber(ARGV[8])
        local rest = start >= 0 and due(start) or -1
        if ARGV[9] == '1' then takeOver() end
        dequeue()
        if #bodies > 0 then redis.call('HSET', requests, unpack(bodies)) end
        if count > 0 then
          redis.call('ZADD', leases, unpack(ends))
          redis.call('HSET', states, unpack(notes))
        end
        if #unparked > 0 then redis.call('ZREM', retry, unpack(unparked)) end
        if front > 0 then redis.call('ZREMRANGEBYRANK', queue, 0, front - 1) end
        if #dequeued > 0 then redis.call('ZREM', queue, unpack(dequeued)) end
        if #gone > 0 then
          redis.call('ZREM', leases, unpack(gone))
          redis.call('HDEL', states, unpack(gone))
        end
        local soonest = redis.call('ZRANGEBYSCORE', retry, '(' .. string.format('%.3f', now / 1000), '+inf',
          'WITHSCORES', 'LIMIT', 0, 1)
        local wait = soonest[2] and math.min(3600000, math.max(0, math.ceil(soonest[2] * 1000 - now))) or -1
        local waits = redis.call('EXISTS', queue)
        return { claims, foreign, rest, wait, taken, waits + redis.call('EXISTS', retry), waits }
        """

    /// Extends leases, also expired ones, as long as nobody has taken them over.
    ///
    ///     KEYS    1 leases, 2 state
    ///     ARGV    1 lease in ms; then two per lease, at most 500: submission, owner
    ///     result  one per lease: 1, or 0 if it is ours no longer
    static let renewSource = """
        local expiry = string.format('%.0f', now + tonumber(ARGV[1]))
        local keys, result, ends = {}, {}, {}
        for i = 2, #ARGV, 2 do keys[#keys + 1] = ARGV[i] end
        local found = redis.call('HMGET', KEYS[2], unpack(keys))
        for i, key in ipairs(keys) do
          local s = parse(found[i])
          local isHeld = s and s.what == 'L' and s.owner == ARGV[2 * i + 1]
          if isHeld then
            ends[#ends + 1] = expiry
            ends[#ends + 1] = key
          end
          result[i] = isHeld and 1 or 0
        end
        if #ends > 0 then redis.call('ZADD', KEYS[1], unpack(ends)) end
        return result
        """
}
