-- ARGV: the channel, the message, and until when it is to be published.
incarnation()
local time = microseconds()
if time <= tonumber(ARGV[3]) then
  redis.call('PUBLISH', ARGV[1], ARGV[2])
end
return time
