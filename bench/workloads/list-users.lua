dofile("common.lua")

local page = nil

function request()
  page = page or get("/users?limit=100")
  return page
end
