"""All metrics of Wardstream, in one list that dashboards and tests refer to.

Names follow Prometheus: base unit in the name, `_total` for counters.
"""

from prometheus_client import Counter, Gauge, Histogram

LATENCY_BUCKETS_S = (
    *(0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5),
    *(0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0),
)

INGEST_FRAMES = Counter(
    "wardstream_ingest_frames_total",
    "Frames read from the source, by outcome",
    ["camera_id", "outcome"],
)
INGEST_TIMES_MENDED = Counter(
    "wardstream_ingest_times_mended_total",
    "Frames whose own stamp was impossible or missing, timed by the frames around them",
    ["camera_id"],
)
INGEST_SHORTFALLS = Counter(
    "wardstream_ingest_recordings_cut_total",
    "Recordings that ended before the end that they state",
    ["camera_id"],
)
INGEST_BYTES = Counter("wardstream_ingest_bytes_total", "Encoded pixels sent", ["camera_id"])
INGEST_CONNECTED = Gauge(
    "wardstream_ingest_connected", "1 while the source delivers", ["camera_id"]
)
INGEST_RECONNECTS = Counter(
    "wardstream_ingest_reconnects_total", "Attempts to reopen a lost stream", ["camera_id"]
)
INGEST_CLOCK_OFFSET = Gauge(
    "wardstream_ingest_source_clock_offset_seconds",
    "The camera's own clock minus the wall clock at its last frame",
    ["camera_id"],
)
INGEST_CLOCK_AHEAD = Counter(
    "wardstream_ingest_source_clock_ahead_frames_total",
    "Frames whose camera's own clock was further ahead than ingest.future_limit_s",
    ["camera_id"],
)
INFERENCE_FRAMES = Counter(
    "wardstream_inference_frames_total", "Frames by outcome and reason", ["outcome", "reason"]
)
INFERENCE_DETECTIONS = Counter("wardstream_inference_detections_total", "Boxes found")
INFERENCE_SECONDS = Histogram(
    "wardstream_inference_seconds", "Detector time per batch", buckets=LATENCY_BUCKETS_S
)
INFERENCE_BATCH = Histogram(
    "wardstream_inference_batch_frames", "Frames per batch", buckets=(1, 2, 4, 8, 16, 32, 64)
)
DETECTOR_INFO = Gauge(
    "wardstream_detector_info",
    "1 for the detector that runs",
    ["name", "version", "runtime", "fallback"],
)
GUARD_FRAMES = Counter(
    "wardstream_guard_frames_total",
    "Frames by result: compared, between two comparisons, unreadable",
    ["result"],
)
GUARD_SECONDS = Histogram(
    "wardstream_guard_seconds",
    "Time to decode a frame and compare it with its background",
    buckets=LATENCY_BUCKETS_S,
)
CAMERA_VERDICT = Gauge(
    "wardstream_camera_verdict", "1 for the verdict on a camera's view", ["camera_id", "verdict"]
)
CLOCK_PICTURES = Counter(
    "wardstream_clock_pictures_total",
    "Outcomes read by the clocks process, by result: used, no_clock, recorded, undecodable",
    ["result"],
)
CLOCK_OFFSET = Gauge(
    "wardstream_clock_offset_seconds",
    "The camera's clock less that of ingest, without what the network adds",
    ["camera_id"],
)
CLOCK_SETTLED = Gauge(
    "wardstream_clock_settled", "1 while the camera's own clock is used", ["camera_id"]
)
CLOCK_DECISIONS = Counter(
    "wardstream_clock_decisions_total", "Decisions about clocks by state", ["state"]
)
STREAM_EVENTS = Counter(
    "wardstream_stream_events_total",
    "Outcomes by result: folded; fenced, as the camera had sent a newer one or the "
    "same; late, folded but for the people on the floor, whose tick was closed; dead",
    ["result"],
)
STREAM_OUTPUTS = Counter("wardstream_stream_outputs_total", "Records produced", ["topic"])
STREAM_HELD_BACK = Counter(
    "wardstream_stream_held_back_total",
    "Records not sent, because another release had published their time before it was killed",
    ["topic"],
)
STREAM_OTHER_VERSIONS = Counter(
    "wardstream_stream_other_versions_total",
    "Frames folded with another version of their camera than they were captured under: a few at "
    "each edit of a camera",
)
STREAM_BACK_DATED = Counter(
    "wardstream_stream_back_dated_facts_total",
    "Edits and decisions that came too late for frames that should have seen them: verify differs "
    "from what was written",
)
STREAM_BADGE_READS = Counter(
    "wardstream_stream_badge_reads_total",
    "Reads of badges, as often as they were read: read; unusable, and left out; unused, since no "
    "tick of their floor came within an hour; back-dated, read but too late for the tick that "
    "should have taken it in, so that verify may differ",
    ["result"],
)
STREAM_TICK_LAG = Histogram(
    "wardstream_stream_tick_lag_seconds",
    "Wall clock minus event time at the fold",
    buckets=LATENCY_BUCKETS_S,
)
CHECKPOINT_SECONDS = Histogram(
    "wardstream_checkpoint_seconds", "Time to make a checkpoint", buckets=LATENCY_BUCKETS_S
)
CHECKPOINTS_ARCHIVED = Counter(
    "wardstream_checkpoints_archived_total",
    "Checkpoints for the object store: written, skipped while one was being written, failed",
    ["result"],
)
RELAY_EDITS = Counter("wardstream_relay_edits_total", "Edits of the registry that were appended")
RELAY_FIXED_AGAIN = Counter(
    "wardstream_relay_fixed_again_total",
    "Edits that got another time, because nothing was appended within two seconds of the first",
)
RELAY_WAITING = Gauge("wardstream_relay_waiting_edits", "Edits that are not appended yet")
RELAY_LAG = Gauge("wardstream_relay_lag_seconds", "Age of the oldest edit that is not appended")
SINK_ROWS = Counter("wardstream_sink_rows_total", "Rows written", ["sink", "topic"])
SINK_DUPLICATES = Counter(
    "wardstream_sink_duplicates_total", "Records dropped by seq", ["sink", "topic"]
)
SINK_MISSING = Counter("wardstream_sink_missing_total", "Seqs that never came", ["sink", "topic"])
SINK_READ_AGAIN = Counter(
    "wardstream_sink_read_again_total",
    "Records that a sink reads again because an older copy took its store's place",
    ["sink"],
)
SINK_EXPIRED = Counter(
    "wardstream_sink_expired_total", "Rows ignored as older than their table's retention", ["table"]
)
SINK_WRITE_SECONDS = Histogram(
    "wardstream_sink_write_seconds", "Time to write a batch", ["sink"], buckets=LATENCY_BUCKETS_S
)
SINK_LAG = Histogram(
    "wardstream_sink_lag_seconds",
    "Wall clock minus event time at the write",
    ["sink"],
    buckets=LATENCY_BUCKETS_S,
)
SERVING_CLIENTS = Gauge("wardstream_serving_clients", "Open event streams")
SERVING_DROPPED = Counter(
    "wardstream_serving_dropped_clients_total", "Event streams closed because they were too slow"
)
SERVING_EVENTS = Counter(
    "wardstream_serving_events_total", "Changes handed to the event streams", ["kind"]
)
SERVING_LAG = Histogram(
    "wardstream_serving_lag_seconds",
    "Wall clock minus event time when a change is handed to the event streams",
    ["kind"],
    buckets=LATENCY_BUCKETS_S,
)
LOGINS = Counter(
    "wardstream_logins_total",
    "Logins and sessions by result: started, refused, refreshed, away, ended",
    ["result"],
)
LOGIN_ROLES_UNKNOWN = Counter(
    "wardstream_login_roles_unknown_total",
    "Access roles that a provider gave and that are none; they are ignored",
)
TOKENS_REFUSED = Counter(
    "wardstream_tokens_refused_total", "Tokens that were not accepted, by reason", ["reason"]
)
DEAD_LETTERS_TOTAL = Counter(
    "wardstream_dead_letters_total", "Inputs that can never be processed", ["stage", "reason"]
)
RECORDS_GONE = Counter(
    "wardstream_records_gone_total",
    "Records that a log lost before a stage read them, or that were cut from its end",
    ["stage", "topic"],
)
BREAKER_STATE = Gauge(
    "wardstream_breaker_state",
    "Circuit breaker of a dependency: 0 closed, 1 half open, 2 open",
    ["dependency"],
)
BREAKER_OPEN_SINCE = Gauge(
    "wardstream_breaker_open_since_seconds",
    "When the breaker opened, Unix time; 0 while closed",
    ["dependency"],
)
BREAKER_FAILURES = Counter(
    "wardstream_breaker_failures_total", "Times that a dependency did not answer", ["dependency"]
)
SINK_PAUSED_SINCE = Gauge(
    "wardstream_sink_paused_since_seconds",
    "When the sink paused its consumption, Unix time; 0 while it consumes",
    ["sink"],
)
LAG_RECORDS = Gauge(
    "wardstream_lag_records", "Records between a stage's commits and the ends", ["stage"]
)
LAG_SECONDS = Gauge(
    "wardstream_lag_seconds", "Age of the oldest record that a stage has before it", ["stage"]
)
ALERTS_STANDING = Gauge("wardstream_alerts_standing", "Alerts that are raised", ["tier"])
AUDIT_ENTRIES = Counter(
    "wardstream_audit_entries_total",
    "Acts that went to the audit: recorded, or refused since it could not be written",
    ["result"],
)
AUDIT_SECONDS = Histogram(
    "wardstream_audit_seconds",
    "Time until brokers hold the entries that were appended together",
    buckets=LATENCY_BUCKETS_S,
)
AUDIT_AWAY_SINCE = Gauge(
    "wardstream_audit_away_since_seconds",
    "Since when the audit cannot be written, Unix time; 0 while it can",
)
WATCHDOG_LEADER = Gauge(
    "wardstream_watchdog_leader", "1 when this watchdog is the leader, 0 when it stands by"
)
ALERTS_REPORTED = Counter(
    "wardstream_alerts_reported_total",
    "Alerts by channel and result",
    ["channel", "result"],
)
NOTIFICATIONS = Counter(
    "wardstream_notifications_total",
    "What the notifier recorded besides deliveries: escalated, not_delivered",
    ["action"],
)
NOTIFIER_WAITING = Gauge(
    "wardstream_notifier_waiting_messages", "Messages that no receiver has yet"
)
NOTIFIER_LEADER = Gauge(
    "wardstream_notifier_leader", "1 when this notifier works, 0 when it stands by"
)
DELIVERIES = Counter(
    "wardstream_deliveries_total",
    "Tries to deliver a message: received, retry (it may be received later), refused",
    ["destination", "kind", "result"],
)
DELIVERY_SECONDS = Histogram(
    "wardstream_delivery_seconds", "Time of a try to deliver", ["kind"], buckets=LATENCY_BUCKETS_S
)
UP_SINCE = Gauge(
    "wardstream_up_since_seconds", "When the process became ready, Unix time", ["stage"]
)
