-- What wrk sends: chat completions of 1.3 KB with office prose, names, dates and amounts; no two alike.
--
-- BENCH_KEY       the credential
-- BENCH_LABEL     a sensitivity label, or nothing
-- BENCH_RUN       the number of this run: it seeds the prose and is written into every request
--
-- The prose comes in VARIANTS versions made beforehand; each request writes its own number into one of them.

local VARIANTS = 4096
local BODY_BYTES = 1300
local run = tonumber(os.getenv("BENCH_RUN") or "1")
local heads, tails, sent = {}, {}, 0

local function one_of(list) return list[math.random(#list)] end

local regions = {"northern", "southern", "Iberian", "Nordic", "Rhine", "coastal", "Alpine", "overseas"}
local teams = {"finance", "supply", "sales", "logistics", "legal", "personnel", "quality", "design"}
local towns = {"Lisbon", "Leipzig", "Turin", "Aarhus", "Ghent", "Porto", "Utrecht", "Malm\195\182"}
local people = {"Ms Andersen", "Mr Okafor", "Ms Rossi", "Mr Lindqvist", "Ms Dupont", "Mr Varga", "Ms M\195\188ller"}
local months = {"January", "February", "March", "April", "May", "June", "September", "October", "November"}
local things = {"the forecast", "the travel budget", "the supplier contract", "the price list",
                "the customer survey", "the delivery schedule", "the annual report", "the hiring plan"}
local verbs = {"was approved by", "goes back to", "is with", "was reviewed by", "waits for", "was drafted by"}

local currency -- of the text at hand

local function amount()
  return currency .. string.format("%d,%03d.%02d", math.random(1, 940), math.random(0, 999), math.random(0, 99))
end

local function date()
  if math.random(3) == 1 then
    return string.format("2026-%02d-%02d", math.random(1, 12), math.random(1, 28))
  end
  return math.random(1, 28) .. " " .. one_of(months)
end

local sentences = {
  function()
    return string.format("Revenue in the %s region grew by %d.%d %% to %s, while the margin fell to %d %%.",
      one_of(regions), math.random(1, 14), math.random(0, 9), amount(), math.random(11, 38))
  end,
  function()
    return string.format("On %s %s %s the %s team in %s.",
      date(), one_of(things), one_of(verbs), one_of(teams), one_of(towns))
  end,
  function()
    return string.format("%s asked whether %s can be ready by %s, and offered %d hours of help.",
      one_of(people), one_of(things), date(), math.random(2, 40))
  end,
  function()
    return string.format("We spent %s of the %s that were set aside for %s, which is %d %% less than in %s.",
      amount(), amount(), one_of(teams), math.random(2, 30), one_of(months))
  end,
  function()
    return string.format("Please note that %s comes before %s; the office in %s needs %d copies of both.",
      one_of(things), one_of(things), one_of(towns), math.random(2, 60))
  end,
  function()
    return string.format("The meeting with %s moves from %s to %s, in room %d, and lasts %d minutes.",
      one_of(people), date(), date(), math.random(100, 480), 15 * math.random(1, 8))
  end,
}

local function compose()
  currency = one_of({"EUR ", "EUR ", "USD ", "\226\130\172"})
  local text = {'{"model":"auto","max_tokens":256,"temperature":0.3,"messages":[{"role":"system","content":',
    '"You are a careful assistant for office work. Keep names, dates and amounts as they are."},',
    '{"role":"user","content":"Rewrite this more briefly. It is revision 00000000 of draft ', run, "."}
  local size = 0
  for _, part in ipairs(text) do size = size + #tostring(part) end
  while size < BODY_BYTES - 60 do
    local sentence = one_of(sentences)()
    text[#text + 1] = " " .. sentence
    size = size + #sentence + 1
  end
  text[#text + 1] = '"}]}'
  return table.concat(text)
end

function init()
  math.randomseed(run)
  local headers = {
    ["Authorization"] = "Bearer " .. (os.getenv("BENCH_KEY") or "none"),
    ["Content-Type"] = "application/json",
    ["X-Signalbox-App"] = os.getenv("BENCH_APP"),
    ["X-Signalbox-Feature"] = os.getenv("BENCH_FEATURE"),
  }
  local label = os.getenv("BENCH_LABEL")
  if label and label ~= "" then headers["X-Signalbox-Sensitivity"] = label end
  for variant = 1, VARIANTS do
    local whole = wrk.format("POST", "/v1/chat/completions", headers, compose())
    local first, last = string.find(whole, "00000000", 1, true)
    heads[variant], tails[variant] = string.sub(whole, 1, first - 1), string.sub(whole, last + 1)
  end
end

function request()
  sent = sent + 1
  local variant = sent % VARIANTS + 1
  return heads[variant] .. string.format("%08d", sent) .. tails[variant]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\nBENCH {"requests":%d,"duration_us":%d,"p50_us":%d,"p99_us":%d,"errors":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
