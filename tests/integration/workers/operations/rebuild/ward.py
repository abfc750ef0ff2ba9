"""Two simulated floors with a shift that was entered wrongly, and their pipeline."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from deploy.local.launcher import Worker
from runtime.checkpoints.archive import CheckpointArchive
from runtime.clock import SystemClock
from runtime.facts.log import Fact, FactLog
from runtime.process.settings import Settings
from runtime.storage.objects import ObjectStore
from schemas.records.evidence import BadgeRead
from schemas.topics import REQUIREMENTS, RULES, SHIFTS, STAFF
from tests.support import simulated
from tests.support.builders.alerts import rule
from tests.support.builders.reads import badge_read
from tests.support.clusters import cluster_of, installation_of
from tests.support.facts import publish_facts
from tests.support.played_pipeline import PlayedPipeline, played_pipeline
from tests.support.simulated import START_US
from tests.support.waiting import eventually
from tests.support.ward_reads import append_reads
from workers.local.pipeline import prepare
from workers.operations.rebuild.order import Order
from workers.operations.rebuild.result import Report
from workers.operations.rebuild.run import rebuild
from workers.operations.rebuild.start import parse_origin
from workers.registry.edit import Registered, Stamp, edits
from workers.registry.rows import CameraRow, ZoneRow
from workers.storage.timescale.connection import search_path

CAMERAS = ["sim-0", "sim-1"]
ZONE = "sim-0-zone"
DOCTORS = ("d1", "d2", "d3")
SECONDS = 130
S = 1_000_000
HOUR_US = 3_600 * S
ABSENT_FROM, ABSENT_TO = START_US + 20 * S, START_US + 80 * S
PROCESSES = {
    "stream": ("stream",),
    "sink-timescale": ("sink", "timescale"),
    "sink-redis": ("sink", "redis"),
}
OFTEN = {
    "WARDSTREAM_STREAM__CHECKPOINT_S": "0.2",
    "WARDSTREAM_CHECKPOINTS__ARCHIVE__EVERY_S": "0.2",
}


def shift(version: int, starts_us: int, ends_us: int, recorded_us: int) -> Fact:
    """A version of the nurse's shift in the first floor's zone."""
    record = {
        "shift_id": "early",
        "version": version,
        "valid_from_us": START_US - HOUR_US,
        "recorded_at_us": recorded_us,
        "removed": False,
        "recorded_by": "test",
        "staff_id": "n1",
        "zone_id": ZONE,
        "role": "NURSE",
        "starts_us": starts_us,
        "ends_us": ends_us,
        "time_zone": "UTC",
    }
    return Fact(SHIFTS, record)


def roster() -> list[Fact]:
    """One nurse is required at all times, and her shift was entered for an hour that is over."""
    stamp: dict[str, Any] = {
        "version": 1,
        "valid_from_us": START_US - HOUR_US,
        "recorded_at_us": START_US - HOUR_US,
        "removed": False,
        "recorded_by": "test",
    }
    needed = {
        "requirement_id": "nurse",
        "zone_id": ZONE,
        "role": "NURSE",
        "count": 1,
        "weekdays": [1, 2, 3, 4, 5, 6, 7],
        "from_minute": 0,
        "to_minute": 1440,
        "time_zone": "UTC",
    }
    return [
        Fact(STAFF, {**stamp, "staff_id": "n1", "role": "NURSE"}),
        *(Fact(STAFF, {**stamp, "staff_id": one, "role": "DOCTOR"}) for one in DOCTORS),
        Fact(REQUIREMENTS, {**stamp, **needed}),
        Fact(RULES, rule("stay", kind="DWELL", threshold=2, one_per="PERSON", **stamp)),
        shift(1, START_US - HOUR_US, START_US - HOUR_US // 2, START_US - HOUR_US),
    ]


def read_on_the_second_floor() -> list[tuple[int, BadgeRead]]:
    """Doctors' badges, now and then; some reads were recorded too late to be weighed."""
    zone: dict[str, Any] = {"x_m": None, "y_m": None, "range_m": None, "zone_id": "sim-1-zone"}
    found = []
    for number in range(SECONDS):
        at_us, who = START_US + number * S, number % len(DOCTORS)
        recorded_us = at_us + (30 if number % 7 == 6 else -5) * S
        read = badge_read(
            at_us,
            f"b-{who}",
            recorded_at_us=recorded_us,
            staff_ids=[DOCTORS[who]],
            floor_id=CAMERAS[1],
            **zone,
        )
        found.append((1, read))
    return found


@dataclass
class Ward:
    """A pipeline, and the settings with which it is rebuilt.

    Attributes:
        pipeline: Processes of the pipeline.
        settings: Settings of the pipeline, with the store of its archived checkpoints.
        feed: Source of its detections.
        environment: The settings as environment variables, for a process.
    """

    pipeline: PlayedPipeline
    settings: Settings
    feed: simulated.Feed
    environment: dict[str, str]

    def edit(self, version: int, starts_us: int, ends_us: int) -> None:
        """Correct the shift now, for a time that has passed."""
        fact = shift(version, starts_us, ends_us, SystemClock().now_us())
        publish_facts(cluster_of(self.settings), [fact])

    def register_too_late(self, camera: str) -> None:
        """Register a camera and its zone now, as if they had been there from the start."""
        clock = SystemClock()
        log, known = FactLog(cluster_of(self.settings, clock=clock)), Registered()
        known.add(log.sync())
        log.close()
        stamp = Stamp(START_US - HOUR_US, clock.now_us(), "test")
        cameras = edits([CameraRow(camera_id=camera, width=640, height=480)], known, stamp)
        known.add(cameras)
        polygon = [(100.0, 200.0), (540.0, 200.0), (540.0, 479.0), (100.0, 479.0)]
        zone = ZoneRow(zone_id=f"{camera}-zone", camera_id=camera, polygon=polygon)
        publish_facts(cluster_of(self.settings), [*cameras, *edits([zone], known, stamp)])

    def order(self, start: str = "", *, swap: bool = False, floors: tuple[str, ...] = ()) -> Order:
        """An order for a rebuild, by default from the first detection on."""
        text = start or "2026-01-01T00:00"
        parsed = parse_origin(text, SystemClock().now_us())
        why = "entered for the wrong day"
        return Order(origin=parsed, floors=floors, swap=swap, by="ward manager", why=why)

    def rebuild(
        self, start: str = "", *, swap: bool = False, floors: tuple[str, ...] = ()
    ) -> Report:
        """Carry an order out."""
        order = self.order(start, swap=swap, floors=floors)
        return rebuild(installation_of(self.settings), order)

    def rows(self, statement: str, *, live: bool = False) -> list[tuple[Any, ...]]:
        """Rows that an analyst reads, or with `live` those that the pipeline wrote."""
        dsn = self.settings.database_url.get_secret_value()
        options = search_path("live" if live else "public") + " -c timezone=UTC"
        with psycopg.connect(dsn, options=options) as connection:
            return connection.execute(statement.encode()).fetchall()

    def send(self, frames: int | None = None) -> None:
        """Send more frames, and wait until everything is written."""
        self.feed.send(frames)
        self.settle()

    def trickle(self, frames: int) -> None:
        """Send more frames, a few at a time, for some seconds."""
        for _ in range(0, frames, 3):
            self.feed.send(3)
            time.sleep(0.1)  # a pace, not a wait

    def settle(self) -> None:
        """Wait until everything is folded and written."""
        eventually(self.pipeline.checkpointed, 90, "the stream's checkpoints")
        eventually(self._written, 90, "the sinks")

    def archived(self) -> bool:
        """Whether a checkpoint of the first floor is archived; if not, sends one more frame."""
        store = ObjectStore(self.settings.checkpoint_archive_url)
        if CheckpointArchive(store, f"{self.settings.topic_prefix}stream").held(0):
            return True
        self.feed.send(1)
        return False

    def _written(self) -> bool:
        poll = self.pipeline.observer.poll(0.0, (), 0)
        return (poll.lags.get("sink-timescale"), poll.lags.get("sink-redis")) == (0, 0)


@contextmanager
def ward(environment: dict[str, str], folder: Path, archive: str) -> Iterator[Ward]:
    """A pipeline that has folded all but the last seconds, and has archived a checkpoint.

    Args:
        environment: Settings of its services.
        folder: Folder for its files.
        archive: URL of the store for checkpoints.
    """
    with played_pipeline(environment, folder) as pipeline:
        prepare(cluster_of(pipeline.settings), pipeline.settings.database_url.get_secret_value())
        simulated.register(pipeline.settings, CAMERAS)
        publish_facts(cluster_of(pipeline.settings), roster())
        append_reads(pipeline.settings, read_on_the_second_floor())
        kept = pipeline.settings.checkpoints.archive.model_copy(update={"url": archive})
        checkpoints = pipeline.settings.checkpoints.model_copy(update={"archive": kept})
        settings = pipeline.settings.model_copy(update={"checkpoints": checkpoints})
        where = {"WARDSTREAM_CHECKPOINTS__ARCHIVE__URL": archive}
        own = {**environment, **where}
        for name, command in PROCESSES.items():
            pipeline.supervisor.start(Worker(name=name, command=command, environment=OFTEN | where))
        for name in PROCESSES:
            pipeline.supervisor.wait_ready(name, 180)
        feed = simulated.Feed(pipeline.settings, CAMERAS, SECONDS, seed=5)
        made = Ward(pipeline, settings, feed, own)
        made.feed.send(140)
        eventually(made.archived, 90, "an archived checkpoint", pause_s=0.5)
        made.send(1_030)
        yield made
