dofile("common.lua")

function request()
  return get("/users/" .. some_id())
end
