dofile("common.lua")

function request()
  return place_order()
end
