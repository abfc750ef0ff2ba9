-- Forget ids whose value has expired.
-- KEYS: index of a kind. ARGV: what leads the keys of its values.
-- Returns how many were forgotten.

local forgotten = 0
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    if redis.call('EXISTS', ARGV[1] .. id) == 0 then
        forgotten = forgotten + redis.call('ZREM', KEYS[1], id)
    end
end
return forgotten
