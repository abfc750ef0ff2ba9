-- Progress of keys that had one.
UPDATE sink_progress AS p
SET seq = s.seq, records = s.records, missing = s.missing, recent = s.recent, chain = s.chain
FROM stage_progress AS s
WHERE p.topic = s.topic AND p.key = s.key AND NOT s.first
