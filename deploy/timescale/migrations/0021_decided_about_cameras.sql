-- What was decided about the clocks and the views of cameras, and which version of the camera a track
-- was made with. Tracks from before have none.

CREATE TABLE camera_clock (
    camera_id text NOT NULL,
    version integer NOT NULL,
    valid_from timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    removed boolean NOT NULL,
    recorded_by text NOT NULL,
    epoch integer NOT NULL,
    state text NOT NULL,
    clock_offset interval NOT NULL,
    drift_ppm double precision NOT NULL,
    reference_us bigint NOT NULL,
    delay interval NOT NULL,
    jitter interval NOT NULL,
    jump interval NOT NULL,
    since timestamptz NOT NULL,
    observed_until timestamptz NOT NULL,
    digest bytea NOT NULL,
    PRIMARY KEY (camera_id, version)
);
COMMENT ON TABLE camera_clock IS 'How a camera''s own clock becomes the time of the floor, every version.';
COMMENT ON COLUMN camera_clock.epoch IS
    'Number of the stretch over which the clock has run without a jump; the first is 1.';
COMMENT ON COLUMN camera_clock.state IS
    'SETTLED: the clock is used, corrected. UNSETTLED: arrival less the delay is used. UNKNOWN: neither.';
COMMENT ON COLUMN camera_clock.clock_offset IS
    'What is added to the camera''s clock where it shows reference_us: negative where it is ahead.';
COMMENT ON COLUMN camera_clock.drift_ppm IS
    'Microseconds that are added more for each second since reference_us; negative where it is fast.';
COMMENT ON COLUMN camera_clock.reference_us IS
    'Where clock_offset holds, microseconds since 1970 on the camera''s clock, which may show any time.';
COMMENT ON COLUMN camera_clock.delay IS 'How much later than it was taken a picture usually arrives.';
COMMENT ON COLUMN camera_clock.jitter IS
    'Nine of ten pictures arrive within so much of the earliest.';
COMMENT ON COLUMN camera_clock.jump IS
    'How far the clock jumped when the epoch began: negative for back, zero in the first.';
COMMENT ON COLUMN camera_clock.since IS 'Arrival of the first picture of the epoch.';
COMMENT ON COLUMN camera_clock.observed_until IS 'Arrival of the last picture that was considered.';

CREATE TABLE camera_views (
    camera_id text NOT NULL,
    version integer NOT NULL,
    valid_from timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    removed boolean NOT NULL,
    recorded_by text NOT NULL,
    state text NOT NULL,
    reason text NOT NULL,
    since timestamptz NOT NULL,
    camera_version integer NOT NULL,
    digest bytea NOT NULL,
    PRIMARY KEY (camera_id, version)
);
COMMENT ON TABLE camera_views IS 'Whether the view of a camera can be trusted, every version.';
COMMENT ON COLUMN camera_views.state IS
    'SUSPECT: positions from the camera may be wrong. TRUSTED: somebody confirmed the view.';
COMMENT ON COLUMN camera_views.reason IS
    'The verdict, such as MOVED, or what the person who confirmed wrote.';
COMMENT ON COLUMN camera_views.since IS 'From when the verdict says so.';
COMMENT ON COLUMN camera_views.camera_version IS
    'Version of the camera that was judged; 0 for every version.';

-- The pipeline sees a version 5 s after it was recorded, at the earliest, until it sees a later one.
CREATE VIEW clocks_over_time AS
SELECT
    d.camera_id,
    coalesce(n.name, d.camera_id) AS camera_name,
    d.holds_from,
    d.holds_until,
    d.state,
    d.clock_offset,
    d.drift_ppm,
    d.delay,
    d.epoch,
    d.jump
FROM (
    SELECT
        *,
        greatest(valid_from, recorded_at + INTERVAL '5 seconds') AS holds_from,
        min(greatest(valid_from, recorded_at + INTERVAL '5 seconds')) OVER (
            PARTITION BY camera_id ORDER BY version
            ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
        ) AS holds_until
    FROM camera_clock
) AS d
LEFT JOIN cameras_now AS n USING (camera_id)
WHERE NOT d.removed AND (d.holds_until > d.holds_from OR d.holds_until IS NULL);
COMMENT ON VIEW clocks_over_time IS
    'What held about each camera''s clock, and from when to when; holds_until is null while it holds.';

CREATE VIEW suspect_views AS
SELECT
    d.camera_id,
    coalesce(n.name, d.camera_id) AS camera_name,
    d.reason,
    d.since AS suspect_from,
    d.marked_from,
    least(d.decided_at, anew.at) AS suspect_until,
    CASE WHEN d.decided_at <= coalesce(anew.at, d.decided_at) AND d.decided = 'TRUSTED'
        THEN d.decided_by END AS confirmed_by
FROM (
    SELECT
        *,
        greatest(valid_from, recorded_at + INTERVAL '5 seconds') AS marked_from,
        min(greatest(valid_from, recorded_at + INTERVAL '5 seconds')) OVER later AS decided_at,
        lead(state) OVER by_version AS decided,
        lead(recorded_by) OVER by_version AS decided_by
    FROM camera_views
    WINDOW
        by_version AS (PARTITION BY camera_id ORDER BY version),
        later AS (by_version ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)
) AS d
LEFT JOIN cameras AS judged
    ON judged.camera_id = d.camera_id AND judged.version = d.camera_version
LEFT JOIN LATERAL (
    SELECT min(greatest(c.valid_from, c.recorded_at + INTERVAL '5 seconds')) AS at
    FROM cameras AS c
    WHERE c.camera_id = judged.camera_id AND c.version > judged.version
        AND (c.width, c.height, c.homography, c.projection, c.lens)
        IS DISTINCT FROM
        (judged.width, judged.height, judged.homography, judged.projection, judged.lens)
) AS anew ON true
LEFT JOIN cameras_now AS n ON n.camera_id = d.camera_id
WHERE d.state = 'SUSPECT' AND NOT d.removed
    AND (d.decided_at > d.marked_from OR d.decided_at IS NULL);
COMMENT ON VIEW suspect_views IS
    'When which camera''s positions were suspect, until somebody confirmed the view or calibrated the '
    'camera anew. Rows of positions are marked calibration_suspect from marked_from on.';

ALTER TABLE live.tracks ADD COLUMN camera_version integer;
ALTER TABLE revised_tracks ADD COLUMN camera_version integer;
COMMENT ON COLUMN live.tracks.camera_version IS
    'Version of the camera that the newest record of the track was made with; null for tracks from before.';

-- The view over tracks has the columns of its time.
DO $$
DECLARE
    columns text;
    covers CONSTANT text :=
        'r.table_name = ''tracks'' AND r.key = t.camera_id AND t.started_at BETWEEN r.first AND r.last';
BEGIN
    SELECT string_agg('t.' || quote_ident(attname), ', ' ORDER BY attnum) INTO columns
    FROM pg_attribute
    WHERE attrelid = 'public.tracks'::regclass AND attnum > 0;
    EXECUTE format(
        'CREATE OR REPLACE VIEW public.tracks AS'
        ' SELECT %1$s FROM live.tracks AS t'
        ' WHERE NOT EXISTS (SELECT FROM revisions_in_force AS r'
        '     WHERE %2$s AND t.seq <= r.through_seq)'
        ' UNION ALL'
        ' SELECT %1$s FROM revised_tracks AS t'
        ' WHERE EXISTS (SELECT FROM revisions_in_force AS r'
        '     WHERE r.revision = t.revision AND %2$s'
        '     AND NOT EXISTS (SELECT FROM live.tracks AS o WHERE o.camera_id = t.camera_id'
        '         AND o.track_id = t.track_id AND o.started_at = t.started_at'
        '         AND o.seq > r.through_seq))'
        ' AND NOT EXISTS (SELECT FROM revisions_in_force AS r'
        '     WHERE r.revision > t.revision AND %2$s)',
        columns || ', t.camera_version', covers
    );
END
$$;
