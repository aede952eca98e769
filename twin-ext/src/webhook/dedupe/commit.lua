-- The event was handled, by whomever. ARGV: remember, how long the service retries, stamp.
redis.call('HSET', event, 'state', 'done')
redis.call('HDEL', event, 'token', 'until', 'uncertainty')
keep(tonumber(ARGV[1]), tonumber(ARGV[2]), 0, tonumber(ARGV[3]))
return answer('done')
