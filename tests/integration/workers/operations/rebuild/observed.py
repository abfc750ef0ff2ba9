"""Read a ward's tables, topics, board and audit chain."""

import json
from datetime import UTC, datetime
from typing import Any

import psycopg
import redis
from psycopg.rows import dict_row

from runtime.checkpoints.archive import CheckpointArchive
from runtime.kafka.reader import read_topic
from runtime.storage.objects import ObjectStore
from schemas.live import state_key
from schemas.registry import SchemaRegistry
from schemas.topics import AUDIT, DETECTIONS, OCCUPANCY, PRESENCE, TRACKS
from tests.integration.workers.operations.rebuild.ward import (
    ABSENT_FROM,
    ABSENT_TO,
    CAMERAS,
    ZONE,
    S,
    Ward,
)
from tests.support.clusters import cluster_of
from workers.explain.explain import explain
from workers.explain.figure import Explanation
from workers.explain.stored import Stored
from workers.operations.deadletters.audit import read_chain
from workers.operations.rebuild.acts import CHAIN
from workers.operations.rebuild.result import Report
from workers.storage.timescale.rows import at, to_us

TABLES = {
    "tracks": "camera_id, track_id, started_at",
    "positions": "floor_id, person_id, at",
    "zone_events": "zone_id, at, person_id, kind",
    "zone_occupancy": "zone_id, as_of",
    "zone_alerts": "floor_id, as_of, alert_id",
    "coverage": "zone_id, as_of, role",
    "floor_coverage": "floor_id, at, role",
    "occupancy_minutes": "zone_id, minute",
    "coverage_minutes": "zone_id, minute, role",
}

Rows = list[tuple[Any, ...]]
Tables = dict[str, Rows]


def everything(ward: Ward, *, live: bool = False) -> Tables:
    """Every row of every table."""
    return {
        table: ward.rows(f"SELECT * FROM {table} ORDER BY {order}", live=live)
        for table, order in TABLES.items()
    }


def middle(ward: Ward, partition: int = 0) -> str:
    """Offset of an archived checkpoint between the first detection and the start of the shift."""
    store = ObjectStore(ward.settings.checkpoint_archive_url)
    archive = CheckpointArchive(store, f"{ward.settings.topic_prefix}stream")
    offsets = [one.next_offset for one in archive.held(partition)]
    [chosen] = [offset for offset in offsets if 0 < offset < 190][-1:]
    return f"{partition}:{chosen}"


def explained_at(ward: Ward, moment: datetime) -> Explanation:
    """Why the first zone had its figure at a moment."""
    dsn = ward.settings.database_url.get_secret_value()
    with psycopg.connect(dsn, row_factory=dict_row, options="-c timezone=UTC") as connection:
        stored, cluster = Stored(connection), cluster_of(ward.settings)
        return explain(stored, cluster, ZONE, moment.isoformat(), datetime.now(UTC))


def newest_before(ward: Ward, moment: datetime) -> dict[str, tuple[int, int]]:
    """Partition and offset of the newest record of each topic of the first floor at a moment."""
    at_us = to_us(moment)
    registry, cluster = SchemaRegistry(ward.settings.registry_url), cluster_of(ward.settings)
    keys = {"camera_id": CAMERAS[0], "floor_id": CAMERAS[0], "zone_id": ZONE}
    found: dict[str, tuple[int, int]] = {}
    for topic in (DETECTIONS, TRACKS, PRESENCE, OCCUPANCY):
        codec = registry.reader(topic)
        times = [
            (codec.decode(one.value())[topic.event_time], one.partition(), one.offset())
            for one in read_topic(cluster, topic)
            if one.key() == keys[topic.key].encode()
        ]
        _, partition, offset = max(row for row in times if row[0] <= at_us)
        found[topic.name] = (partition or 0, offset or 0)
    return found


def topics_of_rebuilds(ward: Ward) -> list[str]:
    admin = cluster_of(ward.settings).admin()
    prefix = f"{ward.settings.topic_prefix}rebuild-"
    return [name for name in admin.list_topics(timeout=30).topics if name.startswith(prefix)]


def differing(report: Report) -> dict[str, tuple[int, int, int]]:
    return {t.table: (t.changed, t.added, t.removed) for t in report.tables if t.any}


def outside(table: str) -> str:
    """Condition for rows of other zones or floors, or of times that the shift does not touch."""
    if table == "floor_coverage":
        return (
            f"(floor_id <> '{CAMERAS[0]}' OR at < '{at(ABSENT_FROM - 60 * S)}'"
            f" OR at > '{at(ABSENT_TO + 60 * S)}')"
        )
    if "zone_id" not in TABLES[table]:
        return "true"
    time = TABLES[table].split(", ")[1] if table != "zone_events" else "as_of"
    return (
        f"(zone_id <> '{ZONE}' OR {time} < '{at(ABSENT_FROM - 60 * S)}'"
        f" OR {time} > '{at(ABSENT_TO + 60 * S)}')"
    )


def unaffected(ward: Ward) -> Tables:
    """Rows that the correction must leave as they are."""
    return {
        table: ward.rows(f"SELECT * FROM {table} WHERE {outside(table)} ORDER BY {order}")
        for table, order in TABLES.items()
    }


def scheduled_now(ward: Ward, field: str = "json") -> int:
    """Scheduled nurses that the board shows for the zone, or that the pipeline had written."""
    with redis.Redis.from_url(ward.settings.redis_url.get_secret_value()) as client:
        text = client.hget(state_key(ward.settings.live_prefix, "zone", ZONE), field)
    record: dict[str, int] = json.loads(text or "{}")
    return record["scheduled"]


def audited(ward: Ward) -> list[Any]:
    """Entries of the audit chain of rebuilds."""
    codec = SchemaRegistry(ward.settings.registry_url).reader(AUDIT)
    return list(read_chain(cluster_of(ward.settings), codec, CHAIN))
