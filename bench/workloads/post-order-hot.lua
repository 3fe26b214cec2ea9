dofile("common.lua")

-- All orders are for ten users.
function request()
  return place_order(10)
end
