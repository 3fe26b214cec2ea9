dofile("common.lua")

local probe = nil

function request()
  probe = probe or get("/health")
  return probe
end
