-- KEYS: the entry, the generation. ARGV: something random, how long a generation lasts, what names of versions begin with.
local run = incarnation()
local generation = redis.call('GET', KEYS[2])
if not generation or string.sub(generation, 1, #run) ~= run then
  generation = run .. ARGV[1]
  if redis.pcall('SET', KEYS[2], generation, 'PX', ARGV[2]).err then
    -- It is full: there is nothing to be kept.
    generation = ''
  end
end
local found = ''
local kept = redis.call('GET', KEYS[1])
if kept and string.sub(kept, 1, 40) == run then
  local session, identity = string.sub(kept, 41, 72), string.sub(kept, 73, 104)
  if redis.call('GET', ARGV[3] .. session) == run .. string.sub(kept, 105, 120)
      and redis.call('GET', ARGV[3] .. identity) == run .. string.sub(kept, 121, 136) then
    found = session .. identity .. string.sub(kept, 137)
  end
end
return {generation, microseconds(), found}
