extension SortedSetScripts {
    /// Settles leases: with a result, parked, given back, or as dead letters; in the order given.
    ///
    /// A result is written for a submission that is leased or parked, whoever holds it; the others need the lease. With
    /// the record go the producer's `request-active` and `request-cancel`, where they hold the submission's token.
    /// Results that follow each other and go to one list are written by one command; a list that refuses them changes
    /// nothing for the others.
    ///
    ///     KEYS    1 queue, 2 retry set, 3 requests, 4 leases, 5 state, 6 parked, 7 since, 8 again, 9 dead letters;
    ///             then three per settlement: result list, `request-active`, `request-cancel` (the list again where
    ///             there is no token)
    ///     ARGV    1 the queue's name as a JSON string; then eight per settlement, at most 256:
    ///             "result", "park", "release" or "dead"; submission; born; owner; token or "";
    ///             result, or "" for none; dead letter's document, or ms until a parked one is due; failed attempts, or ""
    ///             to leave the count as it is
    ///     result  one per settlement: 1 settled, 0 stale, or the text of the server's error: then nothing was written
    static let settleSource = """
        quoted = ARGV[1]
        local letters = KEYS[9]
        local count = (#ARGV - 1) / 8
        local result, ended, unparked, markers, tokens = {}, {}, {}, {}, {}

        local function argument(i, n) return ARGV[1 + (i - 1) * 8 + n] end
        local function list(i) return KEYS[9 + (i - 1) * 3 + 1] end

        -- States, as text until somebody reads them.
        local keys, open = {}, {}
        for i = 1, count do keys[i] = argument(i, 2) end
        local found = redis.call('HMGET', states, unpack(keys))
        for i, key in ipairs(keys) do open[key] = found[i] end
        checkTypes()

        -- The state, if the settlement may end it.
        local function mayEnd(i)
          local s = open[keys[i]]
          if type(s) == 'string' then
            s = parse(s)
            open[keys[i]] = s
          end
          if not s or s.born ~= argument(i, 3) then return nil end
          if argument(i, 1) == 'result' then return s.what ~= 'W' and s or nil end
          return s.what == 'L' and s.owner == argument(i, 4) and s or nil
        end

        local function try(...)
          local reply = redis.pcall(...)
          return type(reply) == 'table' and reply.err or nil
        end

        local function unpark(key, s)
          local body = redis.call('HGET', requests, key)
          local text = body and parkedEntry(s, key, body)
          if text then redis.call('ZREM', retry, text) end
          unparked[#unparked + 1] = key
        end

        local function finish(i, s)
          local key, token = keys[i], argument(i, 5)
          if s.what == 'P' then unpark(key, s) end
          open[key] = nil
          ended[#ended + 1] = key
          if token ~= '' then
            for n = 2, 3 do
              markers[#markers + 1] = KEYS[9 + (i - 1) * 3 + n]
              tokens[#tokens + 1] = token
            end
          end
          result[i] = 1
        end

        -- Nearly all that end are leased by whoever says so: that is seen without reading the whole state.
        local leased = { what = 'L' }
        local function isLeased(i, state)
          local start = 'L' .. argument(i, 4) .. ' ' .. argument(i, 3) .. ' '
          return type(state) == 'string' and string.sub(state, 1, #start) == start
        end

        -- Results that go to one list, from the i-th settlement on; returns the last of them.
        local function results(i)
          local last, name, some, before, documents = i, list(i), {}, {}, {}
          while last <= count and argument(last, 1) == 'result' and list(last) == name do
            local state = open[keys[last]]
            if isLeased(last, state) or mayEnd(last) then
              some[#some + 1] = last
              before[#some] = open[keys[last]]
              documents[#some] = argument(last, 6)
              open[keys[last]] = nil
            else
              result[last] = 0
            end
            last = last + 1
          end
          local refusal = #some > 0 and try('LPUSH', list(i), unpack(documents))
          for n, one in ipairs(some) do
            local state = before[n]
            open[keys[one]] = state
            if refusal then result[one] = refusal else finish(one, type(state) == 'string' and leased or state) end
          end
          return last - 1
        end

        local function park(i, s, delay, attempts)
          local key = keys[i]
          local body = redis.call('HGET', requests, key)
          if not body then return 0 end
          s.attempts = attempts ~= '' and attempts or s.attempts
          -- The clock is cut to whole milliseconds: without one more the delay could be that much too short.
          local due = string.format('%.3f', (now + (delay > 0 and math.ceil(delay) + 1 or 0)) / 1000)
          local refusal = try('ZADD', retry, due, entry(s, key, body))
          if refusal then return refusal end
          index(key, due)
          redis.call('HSET', states, key, write('P', due, s))
          redis.call('ZREM', leases, key)
          s.what, s.owner = 'P', due
          return 1
        end

        -- The same bytes may have been put on the queue once more: then these wait in the retry set, or one were lost.
        local function release(i, s)
          local key = keys[i]
          local body = redis.call('HGET', requests, key)
          if not body then return 0 end
          if redis.call('ZSCORE', queue, body) or redis.call('HEXISTS', repeats, key) == 1 then
            return park(i, s, 0, '')
          end
          local refusal = try('ZADD', queue, s.score, body)
          if refusal then return refusal end
          if s.attempts + s.deliveries > 0 then
            redis.call('HSET', states, key, write('W', '', s))
          else
            redis.call('HDEL', states, key)
          end
          redis.call('HDEL', requests, key)
          redis.call('ZREM', leases, key)
          open[key] = nil
          return 1
        end

        local function bury(i, s)
          local refusal = try('RPUSH', letters, argument(i, 7))
          if refusal then return refusal end
          if argument(i, 6) ~= '' then try('LPUSH', list(i), argument(i, 6)) end
          finish(i, s)
          return 1
        end

        local i = 1
        while i <= count do
          local what = argument(i, 1)
          if what == 'result' then
            i = results(i)
          else
            local s = mayEnd(i)
            if not s then
              result[i] = 0
            elseif what == 'park' then
              result[i] = park(i, s, tonumber(argument(i, 7)), argument(i, 8))
            elseif what == 'release' then
              result[i] = release(i, s)
            else
              result[i] = bury(i, s)
            end
          end
          i = i + 1
        end

        if #ended > 0 then
          redis.call('HDEL', requests, unpack(ended))
          redis.call('ZREM', leases, unpack(ended))
          redis.call('HDEL', states, unpack(ended))
          unindex(unparked)
          readmit(ended)
        end
        if #markers > 0 then
          local values, ours = redis.call('MGET', unpack(markers)), {}
          for n, value in ipairs(values) do
            if value == tokens[n] then ours[#ours + 1] = markers[n] end
          end
          if #ours > 0 then redis.call('DEL', unpack(ours)) end
        end
        for n = 1, count do
          if result[n] == 0 then
            proveItTakesWrites(states)
            break
          end
        end
        return result
        """
}
