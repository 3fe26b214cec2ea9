dofile("common.lua")

function request()
  return get("/orders/" .. some_id())
end
