-- Marks an event as handled, even if the lease was lost. ARGV: remember, retries, event_time.
redis.call('HSET', event, 'state', 'done')
redis.call('HDEL', event, 'token', 'until', 'uncertainty')
keep(tonumber(ARGV[1]), tonumber(ARGV[2]), 0, tonumber(ARGV[3]))
return reply('done')
