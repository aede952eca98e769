-- Releases an event that was not handled. An earlier uncertainty stays. ARGV: token.
local entry = redis.call('HMGET', event, 'state', 'token')
if entry[1] == 'reserved' and entry[2] == ARGV[1] then
  redis.call('HSET', event, 'state', 'free', 'at', text(now))
  redis.call('HDEL', event, 'token', 'until')
end
return reply('free')
