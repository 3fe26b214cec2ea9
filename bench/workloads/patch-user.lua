dofile("common.lua")

request = rename_user
