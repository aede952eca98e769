-- The event was not handled in this turn; the doubt that there was before it stays.
-- KEYS: the event. ARGV: token.
local entry = redis.call('HMGET', KEYS[1], 'state', 'token')
if entry[1] == 'reserved' and entry[2] == ARGV[1] then
  local time = redis.call('TIME')
  local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
  redis.call('HSET', KEYS[1], 'state', 'free', 'at', string.format('%.0f', now))
  redis.call('HDEL', KEYS[1], 'token', 'until')
end
return 'free'
