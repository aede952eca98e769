-- Reserves an event, if nobody has it. All times are milliseconds of this server's clock, but
-- for the stamp, which is of the service's.
--
-- KEYS: the event, the store.
-- ARGV: token, lease, how long to remember, clock skew, how long the service goes on trying,
--       stamp ('' for none), '1' if another delivery may be stamped later.
-- Answers 'done', 'busy', or 'taken', the fence, and '' or a doubt.
local event, store = KEYS[1], KEYS[2]
local token, lease, remember, skew, retries =
  ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local stamp, floating = tonumber(ARGV[6]), ARGV[7] == '1'

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

-- Another life of the server, or another server: what it knew a moment ago may be lost.
local life = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or ''
local known = redis.call('HMGET', store, 'life', 'floor', 'fence')
local floor, fence = tonumber(known[2]), tonumber(known[3]) or 0
if known[1] ~= life or not floor then
  floor = now
  redis.call('HSET', store, 'life', life, 'floor', string.format('%.0f', floor))
end

local entry = redis.call('HMGET', event, 'state', 'token', 'until', 'doubt', 'at')
local state, doubt = entry[1], ''
if state == 'done' then
  return { 'done' }
elseif state == 'reserved' and entry[2] ~= token then
  if tonumber(entry[3]) > now then
    return { 'busy' }
  end
  doubt = 'interrupted'
elseif state == 'reserved' then
  doubt = entry[4]
elseif state == 'free' and tonumber(entry[5]) > floor then
  doubt = entry[4]
else
  -- Not known, or known from before the server lost its memory.
  local earliest = stamp and (floating and stamp - retries or stamp)
  if not earliest or earliest <= math.max(floor, now - remember) + skew then
    doubt = 'forgotten'
  end
end

-- Higher than any before, even in another life of the server.
fence = math.max(fence + 1, now * 1000)
redis.call('HSET', store, 'fence', string.format('%.0f', fence))
redis.call('HSET', event, 'state', 'reserved', 'token', token, 'until',
  string.format('%.0f', now + lease), 'doubt', doubt)
local keep = remember + retries + lease + math.max(0, (stamp or 0) - now)
redis.call('PEXPIRE', event, string.format('%.0f', keep))
return { 'taken', string.format('%.0f', fence), doubt }
