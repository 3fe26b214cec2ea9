dofile("common.lua")

request = create_user
