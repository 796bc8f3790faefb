extension SortedSetScripts {
    /// What the scripts that claim and that settle have in common: how a request is parked, and found again.
    ///
    /// A parked request stands in the retry set, where other programs see it and may take it, and in an index of its
    /// queue, by which we find it whatever else the retry set holds. The retry set says whether it is still parked: an
    /// index entry without one there belongs to a request that somebody took.
    ///
    /// Both scripts have KEYS 1 queue, 2 retry set, 3 requests, 4 leases, 5 state, 6 parked, 7 since, 8 again.
    static let parkingSource = """
        local queue, retry, requests, leases, states = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
        local parked, since, repeats = KEYS[6], KEYS[7], KEYS[8]
        -- The queue's name as a JSON string.
        local quoted

        -- A key of a wrong type is found out before anything is written.
        local function checkTypes()
          redis.call('HEXISTS', requests, '')
          redis.call('ZCARD', leases)
          redis.call('ZCARD', parked)
          redis.call('ZCARD', since)
          redis.call('HEXISTS', repeats, '')
        end

        -- How a parked request stands in the retry set: for people and for other programs; we go by its name.
        local function entry(s, key, body)
          local head = '{"internal":{"retry_count":' .. s.attempts .. ',"request_queue_name":' .. quoted
            .. ',"transport_correlation_id":"' .. key .. '-' .. s.born .. '"'
          local first = string.find(body, '{"internal":', 1, true) == 1 and 13
          local last = first and string.find(body, '},"request_kind":"%a+","data":', first)
          local ok, fields = pcall(cjson.decode, last and string.sub(body, first, last) or '')
          if ok and type(fields) == 'table' then
            fields.retry_count, fields.request_queue_name, fields.transport_correlation_id = nil, nil, nil
            local more = next(fields) and ',' .. string.sub(cjson.encode(fields), 2) or '}'
            return head .. more .. string.sub(body, last + 1)
          end
          local data = string.find(body, '^%s*{') and body or cjson.encode(body)
          return head .. '},"request_kind":"redis","data":' .. data .. '}'
        end

        -- The entry of a parked request in the retry set, and its score there; nil if somebody took it away.
        local function parkedEntry(s, key, body)
          local ok, text = pcall(entry, s, key, body)
          local score = ok and redis.call('ZSCORE', retry, text)
          if score then return text, score end
          -- Another version of this script may have made another text of it.
          local name = '"transport_correlation_id":"' .. key .. '-' .. s.born .. '"'
          for _, other in ipairs(redis.call('ZRANGEBYSCORE', retry, s.owner, s.owner, 'LIMIT', 0, 1000)) do
            if string.find(other, name, 1, true) then return other, s.owner end
          end
        end

        local function index(key, due)
          redis.call('ZADD', parked, due, key)
          redis.call('ZADD', since, string.format('%.0f', now), key)
        end

        local function unindex(keys)
          if #keys == 0 then return end
          redis.call('ZREM', parked, unpack(keys))
          redis.call('ZREM', since, unpack(keys))
        end

        -- Bytes that were put on the queue again while the first were held are the next submission once those are over.
        local function readmit(keys)
          if #keys == 0 or redis.call('EXISTS', repeats) == 0 then return end
          for i, waiting in ipairs(redis.call('HMGET', repeats, unpack(keys))) do
            if waiting then
              local score, body = string.match(waiting, '^(%S+) (.*)$')
              local reply = redis.pcall('ZADD', queue, score, body)
              if not (type(reply) == 'table' and reply.err) then redis.call('HDEL', repeats, keys[i]) end
            end
          end
        end


        """
}
