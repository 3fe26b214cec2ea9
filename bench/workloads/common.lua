-- Functions for all workloads. Arguments after `--`: the number of users and orders in the database, and
-- the name of this run, which is in the name of everything that it creates.

local rows, run, made

function init(args)
  rows = tonumber(args[1])
  run = args[2]
  made = 0
  -- Every peer gets the same requests.
  math.randomseed(42)
end

-- The id of the n-th user or order, as in engines/seed-ids.ts.
function id(n)
  return string.format("01900000-0000-7000-8000-%012x", n)
end

-- The id of a random user or order; with an argument, of one among the first so many.
function some_id(among)
  return id(math.random(0, (among or rows) - 1))
end

-- A unique name.
function fresh()
  made = made + 1
  return run .. "-" .. made
end

local json = { ["Content-Type"] = "application/json" }

function send(method, path, body)
  return wrk.format(method, path, json, body)
end

function get(path)
  return wrk.format("GET", path)
end

function create_user()
  local name = fresh()
  return send("POST", "/users", '{"name":"' .. name .. '","email":"' .. name .. '@example.com"}')
end

function rename_user()
  return send("PATCH", "/users/" .. some_id(), '{"name":"' .. fresh() .. '"}')
end

-- An order for a random user; with an argument, for one among the first so many.
function place_order(among)
  return send("POST", "/orders", '{"user_id":"' .. some_id(among) .. '","items":['
    .. '{"sku":"KB-87","quantity":2,"unit_price":19.99},'
    .. '{"sku":"MS-01","quantity":1,"unit_price":5.5}]}')
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    "summary requests=%d duration_us=%d p50_us=%d p99_us=%d "
      .. "connect_errors=%d read_errors=%d write_errors=%d status_errors=%d timeout_errors=%d\n",
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect, errors.read, errors.write, errors.status, errors.timeout))
end
