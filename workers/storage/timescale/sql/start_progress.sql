-- Progress of keys seen for the first time. Without ON CONFLICT, because another writer that started
-- the same key meanwhile must make this batch start over.
INSERT INTO sink_progress (topic, key, seq, records, missing, recent, chain)
SELECT topic, key, seq, records, missing, recent, chain FROM stage_progress WHERE first
