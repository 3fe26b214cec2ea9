-- What every workload needs. Arguments after `--`: how many users and orders there are, and a name
-- for this run, which is in everything that it makes.

local rows, run, made

function init(args)
  rows = tonumber(args[1])
  run = args[2]
  made = 0
  -- Whoever is asked is asked the same.
  math.randomseed(42)
end

-- The id of the n-th user or order: see tools/seed.ts.
function id(n)
  return string.format("01900000-0000-7000-8000-%012x", n)
end

-- The id of any user or order, or of one of the first few.
function some_id(among)
  return id(math.random(0, (among or rows) - 1))
end

-- A name that nothing else has.
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

-- An order for any user, or for one of the first few.
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
