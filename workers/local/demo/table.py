"""The live table in the terminal: zones, stages, and where the board is."""

from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from schemas.topics import DETECTIONS
from workers.local.demo.observe import Observation
from workers.local.demo.probes import Scrape

_STAGES = (
    ("ingest", "wardstream_ingest_frames_total", "frames", None),
    ("infer", "wardstream_inference_frames_total", "frames", "wardstream_inference_seconds"),
    ("stream", "wardstream_stream_events_total", "outcomes", "wardstream_stream_tick_lag_seconds"),
    ("sink-timescale", "wardstream_sink_rows_total", "rows", "wardstream_sink_lag_seconds"),
    ("sink-redis", "wardstream_sink_rows_total", "values", "wardstream_sink_lag_seconds"),
)
_MEANING = {
    "infer": "per batch",
    "stream": "since capture",
    "sink-timescale": "since capture",
    "sink-redis": "since capture",
}


def zones_table(zones: list[dict[str, Any]]) -> Table:
    """People now, scheduled and required, in each zone."""
    table = Table(title="Zones", title_justify="left", expand=True)
    table.add_column("zone")
    for heading in ("people now", "identified", "scheduled", "required"):
        table.add_column(heading, justify="right")
    table.add_column("coverage")
    table.add_column("age", justify="right")
    for zone in zones:
        freshness = zone["freshness"]
        age = "no data" if freshness["age_s"] is None else f"{freshness['age_s']:.0f} s"
        numbers = [zone[name] for name in ("people", "identified", "scheduled", "required")]
        table.add_row(
            zone["name"],
            *("-" if number is None else str(number) for number in numbers),
            zone["coverage"]["sentence"],
            f"STALE {age}" if freshness["stale"] else age,
            style="dim" if freshness["stale"] else "",
        )
    return table


def stages_table(found: Observation, earlier: Observation | None) -> Table:
    """Events per second, lag and latency of each stage."""
    table = Table(title="Stages", title_justify="left", expand=True)
    table.add_column("stage")
    for heading in ("per second", "total", "behind", "p50", "p95"):
        table.add_column(heading, justify="right")
    table.add_column("latency")
    for stage, counter, unit, histogram in _STAGES:
        now = found.of(stage)
        before = earlier.of(stage) if earlier else Scrape()
        seconds = found.at_s - earlier.at_s if earlier else 0.0
        total = now.total(counter)
        rate = (total - before.total(counter)) / seconds if seconds > 0 else 0.0
        quantiles = [
            None if histogram is None else now.quantile(histogram, fraction, before)
            for fraction in (0.5, 0.95)
        ]
        table.add_row(
            stage,
            f"{max(rate, 0.0):.1f}",
            f"{total:.0f} {unit}",
            str(found.lags.get(stage, "")),
            *("" if q is None else f"{q * 1e3:.0f} ms" for q in quantiles),
            _MEANING.get(stage, ""),
            style="" if stage in found.scrapes else "dim",
        )
    return table


def detector_of(found: Observation) -> tuple[str, str]:
    """Which detector runs, and why not a better one; both empty while that is not known."""
    labels = found.of("infer").labels_of("wardstream_detector_info")
    if not labels:
        return "", ""
    named = f"{labels['name']} {labels['version']} on {labels['runtime']}"
    return named, labels.get("fallback", "")


def detector_text(found: Observation) -> Text:
    """Which detector runs; loud when it is the last resort."""
    named, caution = detector_of(found)
    text = Text(f"detector: {named or 'not known yet'}", style="" if named else "dim")
    if caution:
        text.append(f"\n! {caution}", style="bold yellow")
    return text


def live_view(
    found: Observation, earlier: Observation | None, board_url: str, detections: int, note: str
) -> RenderableType:
    """Everything, for one refresh."""
    head = Text.assemble("board: ", (board_url, "bold"), f"   {note}")
    foot = Text(f"{DETECTIONS.name}: {detections} records", style="dim")
    return Group(
        head, zones_table(found.zones), stages_table(found, earlier), detector_text(found), foot
    )
