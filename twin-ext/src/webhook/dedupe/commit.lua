-- The event was handled, by whomever. KEYS: the event. ARGV: how long to remember.
redis.call('HSET', KEYS[1], 'state', 'done')
redis.call('HDEL', KEYS[1], 'token', 'until', 'doubt')
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
end
return 'done'
