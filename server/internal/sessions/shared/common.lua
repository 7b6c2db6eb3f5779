-- The id of this Redis as a master: it is another one after each restart and each time another one takes over.
local function incarnation()
  local info = redis.call('INFO', 'replication')
  local id = string.match(info, 'master_replid:(%x+)')
  if not string.find(info, 'role:master', 1, true) or not id or #id ~= 40 then
    error('this Redis is not a master')
  end
  return id
end

local function microseconds()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end

