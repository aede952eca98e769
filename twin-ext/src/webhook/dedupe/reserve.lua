-- Reserves an event, unless another receiver has it.
--
-- ARGV: deadline, token, lease, remember, clock skew, retries, event_time ('' for none),
--       '1' if another delivery may have a later event_time.
-- Returns 'late', 'done', 'busy', or 'acquired', the fence, and '' or an uncertainty.
local deadline, token, lease, remember, skew, retries = tonumber(ARGV[1]), ARGV[2],
  tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local event_time, floating = tonumber(ARGV[7]), ARGV[8] == '1'

-- The receiver has given up, and would not handle the event.
if now > deadline then
  return reply('late')
end

local floor = began()
local entry = redis.call('HMGET', event, 'state', 'token', 'until', 'uncertainty', 'at')
local state, uncertainty = entry[1], ''
if state == 'done' then
  return reply('done')
elseif state == 'reserved' and entry[2] ~= token then
  if tonumber(entry[3]) > now then
    return reply('busy')
  end
  uncertainty = 'interrupted'
elseif state == 'reserved' then
  -- The same receiver retries: it did not get the first reply, and handled nothing.
  uncertainty = entry[4]
elseif state == 'free' and (entry[4] ~= '' or tonumber(entry[5]) > floor) then
  -- A recorded uncertainty stays, whenever the event was abandoned.
  uncertainty = entry[4]
else
  -- The event is unknown, or was abandoned before the server may have lost entries.
  local earliest = event_time and (floating and event_time - retries or event_time)
  floor = math.max(floor, expired(), now - remember)
  if not earliest or earliest <= floor + skew then
    uncertainty = 'forgotten'
  end
end

-- The fence is higher than all earlier ones, even those of another run of the server.
local fence = math.max((tonumber(redis.call('HGET', store, 'fence')) or 0) + 1, now * 1000)
redis.call('HSET', store, 'fence', text(fence))
redis.call('HSET', event, 'state', 'reserved', 'token', token, 'until', text(now + lease),
  'uncertainty', uncertainty)
keep(remember, retries, lease, event_time)
return reply('acquired', text(fence), uncertainty)
