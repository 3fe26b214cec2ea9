dofile("common.lua")

-- 80 % reads.
function request()
  if math.random(100) <= 80 then return get("/orders/" .. some_id()) end
  return place_order()
end
