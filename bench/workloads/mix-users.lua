dofile("common.lua")

-- 80 % reads.
function request()
  local dice = math.random(100)
  if dice <= 75 then return get("/users/" .. some_id()) end
  if dice <= 80 then return get("/users?limit=20") end
  if dice <= 90 then return create_user() end
  return rename_user()
end
