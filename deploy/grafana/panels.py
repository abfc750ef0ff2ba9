"""Panels of the two dashboards: the question that each answers, and its query."""

from dataclasses import dataclass
from typing import Literal

Source = Literal["timescale", "prometheus"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Panel:
    """One panel.

    Attributes:
        title: Question that it answers.
        source: Data source.
        query: SQL with Grafana's time macros, or PromQL.
        unit: Grafana's unit name.
        kind: Grafana's panel type.
        legend: Template of a series' name (PromQL).
        width: Width, in columns of 24.
    """

    title: str
    source: Source
    query: str
    unit: str = "short"
    kind: str = "timeseries"
    legend: str = ""
    width: int = 12


LIVE_COVERAGE = (
    Panel(
        title="People per zone, average by minute",
        source="timescale",
        query="""SELECT minute AS time, zone_name AS metric, people_avg AS people
FROM occupancy_per_minute
WHERE $__timeFilter(minute)
ORDER BY minute, zone_name""",
        width=24,
    ),
    Panel(
        title="Staff missing per zone and role, at least and at most",
        source="timescale",
        query="""SELECT as_of AS time, zone_id || ' ' || role AS metric, gap_min, gap_max
FROM coverage
WHERE $__timeFilter(as_of)
ORDER BY as_of""",
    ),
    Panel(
        title="Where staff was missing, by hour",
        source="timescale",
        query="""SELECT hour AS "hour", zone_name AS "zone", role, required_avg AS "required",
    gap_min_avg AS "missing at least", gap_max_avg AS "missing at most", short_for AS "short for"
FROM coverage_gap_per_hour
WHERE $__timeFilter(hour)
ORDER BY hour DESC, gap_min_avg DESC""",
        kind="table",
    ),
    Panel(
        title="Dwell time: median and 95th percentile",
        source="timescale",
        query="""SELECT zone_name AS "zone", count(*) AS stays,
    extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY dwell)) AS "p50, s",
    extract(epoch FROM percentile_cont(0.95) WITHIN GROUP (ORDER BY dwell)) AS "p95, s"
FROM zone_stays
WHERE $__timeFilter(entered_at) AND left_at IS NOT NULL
GROUP BY zone_name
ORDER BY zone_name""",
        kind="table",
    ),
    Panel(
        title="Who came and went last",
        source="timescale",
        query="""SELECT at AS "time", zone_id AS "zone", kind, person_id AS person, dwell
FROM zone_events_in_force
WHERE $__timeFilter(at)
ORDER BY at DESC
LIMIT 100""",
        kind="table",
    ),
)

_QUANTILE = "histogram_quantile({q}, sum by (le{by}) (rate({name}_bucket[1m])))"

PIPELINE_HEALTH = (
    Panel(
        title="Processes that answer",
        source="prometheus",
        query="up",
        kind="stat",
        legend="{{process}}",
        width=24,
    ),
    Panel(
        title="Frames taken, by camera and outcome",
        source="prometheus",
        query="sum by (camera_id, outcome) (rate(wardstream_ingest_frames_total[1m]))",
        unit="reqps",
        legend="{{camera_id}} {{outcome}}",
    ),
    Panel(
        title="Frames inferred, by outcome and reason",
        source="prometheus",
        query="sum by (outcome, reason) (rate(wardstream_inference_frames_total[1m]))",
        unit="reqps",
        legend="{{outcome}} {{reason}}",
    ),
    Panel(
        title="Detector time per batch, p95",
        source="prometheus",
        query=_QUANTILE.format(q=0.95, by="", name="wardstream_inference_seconds"),
        unit="s",
        legend="p95",
    ),
    Panel(
        title="Outcomes folded, by result",
        source="prometheus",
        query="sum by (result) (rate(wardstream_stream_events_total[1m]))",
        unit="reqps",
        legend="{{result}}",
    ),
    Panel(
        title="From capture to the fold, p95",
        source="prometheus",
        query=_QUANTILE.format(q=0.95, by="", name="wardstream_stream_tick_lag_seconds"),
        unit="s",
        legend="p95",
    ),
    Panel(
        title="From capture to the store, p95, by sink",
        source="prometheus",
        query=_QUANTILE.format(q=0.95, by=", sink", name="wardstream_sink_lag_seconds"),
        unit="s",
        legend="{{sink}}",
    ),
    Panel(
        title="Rows and values written, by sink and topic",
        source="prometheus",
        query="sum by (sink, topic) (rate(wardstream_sink_rows_total[1m]))",
        unit="wps",
        legend="{{sink}} {{topic}}",
    ),
    Panel(
        title="Dead letters, by stage and reason",
        source="prometheus",
        query="sum by (stage, reason) (increase(wardstream_dead_letters_total[5m]))",
        legend="{{stage}} {{reason}}",
    ),
    Panel(
        title="Time to make a checkpoint, p95",
        source="prometheus",
        query=_QUANTILE.format(q=0.95, by="", name="wardstream_checkpoint_seconds"),
        unit="s",
        legend="p95",
    ),
    Panel(
        title="Records that wait, by stage",
        source="prometheus",
        query="max by (stage) (wardstream_lag_records)",
        legend="{{stage}}",
    ),
    Panel(
        title="Age of the oldest record that waits, by stage",
        source="prometheus",
        query="max by (stage) (wardstream_lag_seconds)",
        unit="s",
        legend="{{stage}}",
    ),
    Panel(
        title="Circuit breakers: 1 half open, 2 open",
        source="prometheus",
        query="max by (dependency) (wardstream_breaker_state)",
        legend="{{dependency}}",
    ),
    Panel(
        title="Alerts that stand, by tier",
        source="prometheus",
        query="max by (tier) (wardstream_alerts_standing)",
        legend="{{tier}}",
    ),
    Panel(
        title="Boards that are open",
        source="prometheus",
        query="sum(wardstream_serving_clients)",
        kind="stat",
        legend="browsers",
    ),
)
