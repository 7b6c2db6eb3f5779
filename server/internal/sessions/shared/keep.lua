-- KEYS: the entry, the generation, the versions of session and identity. ARGV: the generation and the time when it was asked
-- for, how long it is good, how long versions last, something random, the names of session and identity, what is sealed.
local run = incarnation()
if redis.call('GET', KEYS[2]) ~= ARGV[1] or string.sub(ARGV[1], 1, #run) ~= run then
  return 0
end
local left = math.floor((ARGV[3] - (microseconds() - ARGV[2])) / 1000)
if left <= 0 then
  return 0
end
local entry = run .. ARGV[6] .. ARGV[7]
for i = 3, 4 do
  local version = redis.call('GET', KEYS[i])
  if not version or string.sub(version, 1, #run) ~= run then
    version = run .. ARGV[5]
  end
  redis.call('SET', KEYS[i], version, 'PX', ARGV[4])
  entry = entry .. string.sub(version, #run + 1)
end
redis.call('SET', KEYS[1], entry .. ARGV[8], 'PX', left)
return 1
