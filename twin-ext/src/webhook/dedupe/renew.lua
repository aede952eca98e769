-- Extends a lease. ARGV: token, lease, remember, retries, event_time.
local entry = redis.call('HMGET', event, 'state', 'token')
if entry[1] ~= 'reserved' or entry[2] ~= ARGV[1] then
  return reply('lost')
end
local lease = tonumber(ARGV[2])
redis.call('HSET', event, 'until', text(now + lease))
keep(tonumber(ARGV[3]), tonumber(ARGV[4]), lease, tonumber(ARGV[5]))
return reply('renewed')
