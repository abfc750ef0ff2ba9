-- Positions of partitions in the tables; a writer that was overtaken moves nothing back.
INSERT INTO sink_offsets AS o (topic, partition, next_offset)
SELECT * FROM unnest(%(topics)s::text[], %(partitions)s::int[], %(offsets)s::bigint[])
ON CONFLICT (topic, partition) DO UPDATE SET next_offset = EXCLUDED.next_offset
WHERE o.next_offset < EXCLUDED.next_offset
