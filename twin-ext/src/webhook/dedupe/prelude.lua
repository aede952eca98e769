-- The beginning of every script. KEYS: the event, the store.
--
-- The store is a hash:
--   life          the run ID of the server
--   floor         when this store began in that run: earlier entries may be lost
--   fence         the highest fencing token
--   until:<ms>    one for each value of `remember`: the latest time of an event with it
-- All times are milliseconds of this server's clock, except the event time, which is the service's.
-- `retries` is how long the service retries a delivery.
local event, store = KEYS[1], KEYS[2]
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local function text(number)
  return string.format('%.0f', number)
end

-- Every reply begins with the server's time.
local function reply(...)
  return { text(now), ... }
end

-- Returns when the store began. Another run of the server, or another server, may have lost the
-- latest writes.
local function began()
  local life = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or ''
  local known = redis.call('HMGET', store, 'life', 'floor')
  local floor = tonumber(known[2])
  if known[1] ~= life or not floor then
    floor = now
    redis.call('HSET', store, 'life', life, 'floor', text(floor))
  end
  return floor
end

-- Returns the time up to which entries may have expired. An entry lives for `remember` after its
-- event. A shorter `remember` of an earlier deployment counts until its last event is that old.
local function expired()
  local floor = 0
  local fields = redis.call('HGETALL', store)
  for index = 1, #fields, 2 do
    local remember = tonumber(string.match(fields[index], '^until:(%d+)$'))
    if remember then
      floor = math.max(floor, math.min(now - remember, tonumber(fields[index + 1])))
    end
  end
  return floor
end

-- Extends the life of the entry: `remember` after the event, and then `retries`.
local function keep(remember, retries, lease, event_time)
  local latest = math.max(now, event_time or 0)
  local field = 'until:' .. text(remember)
  if latest > (tonumber(redis.call('HGET', store, field)) or 0) then
    redis.call('HSET', store, field, text(latest))
  end
  local life = remember + retries + lease + latest - now
  if redis.call('PTTL', event) < life then
    redis.call('PEXPIRE', event, text(life))
  end
end

