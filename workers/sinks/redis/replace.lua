-- Replace a live value if the new one has a higher seq, and append it to the stream of changes
-- exactly then.
--
-- KEYS: value, index of its kind, changes, then value and index of each satellite (a person of a
--       floor), which are written whenever the value is.
-- ARGV: 1 seq, 2 lowest seq of the batch, 3 records of the batch passed over, 4 digest,
--       5 as_of_us, 6 written_us, 7 json, 8 expiry in ms, 9 kind, 10 id, 11 length of changes,
--       12 expiry of satellites in ms, then for each satellite: id, json.
-- Returns how many seqs were jumped over; -1 when the value is not newer; -2 when the same seq
--       came with another digest; -3 - the seq that is shown, when a lower one has a later time.

local function store(key, index, id, json, expiry_ms)
    redis.call('HSET', key, 'seq', ARGV[1], 'as_of_us', ARGV[5], 'written_us', ARGV[6],
        'json', json)
    redis.call('PEXPIRE', key, expiry_ms)
    redis.call('ZADD', index, ARGV[5], id)
    redis.call('PEXPIRE', index, ARGV[8])
end

local held = redis.call('HMGET', KEYS[1], 'seq', 'digest', 'as_of_us')
local last = tonumber(held[1])
local seq = tonumber(ARGV[1])
if last and seq <= last then
    if seq == last and held[2] ~= ARGV[4] then
        return -2
    end
    -- An event may arrive late, so events are not in the order of their times.
    if ARGV[9] ~= 'zone-event' and tonumber(ARGV[5]) > tonumber(held[3] or ARGV[5]) then
        return -3 - last
    end
    return -1
end

store(KEYS[1], KEYS[2], ARGV[10], ARGV[7], ARGV[8])
redis.call('HSET', KEYS[1], 'digest', ARGV[4])
redis.call('HDEL', KEYS[1], 'revision', 'unrevised') -- what a rebuild showed was of the record before
local place = 13
for i = 4, #KEYS, 2 do
    store(KEYS[i], KEYS[i + 1], ARGV[place], ARGV[place + 1], ARGV[12])
    place = place + 2
end
redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[11], '*',
    'kind', ARGV[9], 'id', ARGV[10], 'seq', ARGV[1], 'as_of_us', ARGV[5], 'json', ARGV[7])
redis.call('PEXPIRE', KEYS[3], ARGV[8])

local first = tonumber(ARGV[2])
if last and first > last then
    return seq - last - 1 - tonumber(ARGV[3])
end
return 0
