-- Progress of the batch's keys, locked until the batch is written: two writers of one key take turns.
SELECT topic, key, seq, records, missing, recent, chain
FROM sink_progress
JOIN unnest(%(topics)s::text[], %(keys)s::text[]) AS wanted (topic, key) USING (topic, key)
ORDER BY topic, key
FOR UPDATE OF sink_progress
