"""Compare frames as they arrive, and write what changes.

    submit -> Intake -> due? -> FrameReader -> CameraWatch -> camera-health.measured.v1

The guard is about now: it commits no offsets, and begins at the end of the log.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from confluent_kafka import Message

from runtime.errors import DeadLetter
from runtime.kafka.cluster import Cluster
from runtime.kafka.producer import ReliableProducer
from runtime.kafka.topic_partition import Partition
from runtime.process.metrics import CAMERA_VERDICT, GUARD_FRAMES, GUARD_SECONDS
from runtime.process.sections import GuardSettings
from runtime.process.service import Service
from schemas.codec import Codec
from schemas.records.cameras import CameraHealth
from schemas.records.frames import Frame
from schemas.topics import CAMERA_HEALTH
from workers.frames.arrivals import Arrival, Intake
from workers.frames.placement import CameraPlacement
from workers.frames.reader import FrameReader
from workers.guard.backgrounds import Backgrounds
from workers.guard.measures import make_background
from workers.guard.neighbours import Disagreement
from workers.guard.overlap_follower import OverlapFollower
from workers.guard.pictures import small_picture
from workers.guard.suspicion import Suspicions
from workers.guard.watch import CameraWatch, Finding, Rhythm

log = structlog.get_logger(__name__)

IDLE_WAIT_S: Final = 0.2
"""Longest wait for a record in one turn of the loop, s."""

MOST_RECORDS: Final = 64
"""Most records taken in one turn."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Parts:
    """The parts of the pipeline.

    Attributes:
        placement: Floor partition of each camera; the pipeline keeps it up to date.
        intake: Decodes records and finds their floors.
        reader: Reads the images of frames.
        backgrounds: Keeps what was learnt.
        health: Writes what was found.
        suspicions: Writes which cameras are suspect for it.
        overlap: Compares cameras that see the same people.
    """

    placement: CameraPlacement
    intake: Intake
    reader: FrameReader
    backgrounds: Backgrounds
    health: "HealthWriter"
    suspicions: Suspicions
    overlap: OverlapFollower


@dataclass(slots=True)
class Guarded:
    """A camera under guard.

    Attributes:
        watch: Its fold.
        version: Version of the camera.
        confirmed: Number of the last confirmation of its view; 0 without one.
        partition: Partition of the frames topic that it is in.
        kept: Whether its background is in the store.
        written_us: Event time of its last record, UTC microseconds; None before the first.
    """

    watch: CameraWatch
    version: int
    confirmed: int
    partition: int
    kept: bool = False
    written_us: int | None = None


class HealthWriter:
    """Writes camera-health.measured.v1 and shows it in the metrics.

    Args:
        cluster: Where the topics are.
        producer: Sends the records.
        codec: Writes them.
    """

    def __init__(self, cluster: Cluster, producer: ReliableProducer, codec: Codec) -> None:
        self._topic = cluster.name(CAMERA_HEALTH)
        self._producer = producer
        self._codec = codec
        self._shown: dict[str, str] = {}

    def write(self, frame: Frame, width: int, finding: Finding, floor_partition: int) -> None:
        """Write what is known of a camera after a frame.

        Args:
            frame: The frame.
            width: Width of the captured frame, px.
            finding: What is known.
            floor_partition: Partition of the camera's floor.

        Raises:
            Stop: An earlier record was not delivered.
        """
        record = make_record(frame, width, finding)
        self._producer.produce(
            self._topic,
            key=record["camera_id"],
            value=self._codec.encode(record),
            partition=floor_partition,
        )
        self.forget(record["camera_id"])
        self._shown[record["camera_id"]] = record["verdict"]
        CAMERA_VERDICT.labels(record["camera_id"], record["verdict"]).set(1)

    def write_pair(self, found: Disagreement, version: int, floor_partition: int) -> None:
        """Write what is known of a camera against another.

        Args:
            found: What is known.
            version: Version of the camera.
            floor_partition: Partition of the cameras' floor.

        Raises:
            Stop: An earlier record was not delivered.
        """
        record: CameraHealth = {
            "camera_id": found.camera_id,
            "at_us": found.at_us,
            "verdict": "DISAGREES" if found.disagrees else "OK",
            "since_us": found.since_us,
            "frame_seq": 0,
            "camera_version": version,
            "shift_px": None,
            "found": None,
            "veiled": None,
            "sharpness": None,
            "likeness": None,
            "luma_p95": None,
            "with_camera_id": found.with_camera_id,
            "distance_m": round(found.apart.distance_m, 3),
            "late_s": round(found.apart.late_s, 3),
            "walks": found.apart.walks,
        }
        self._producer.produce(
            self._topic,
            key=found.camera_id,
            value=self._codec.encode(record),
            partition=floor_partition,
        )

    def forget(self, camera_id: str) -> None:
        """Show no verdict on a camera any more."""
        shown = self._shown.pop(camera_id, None)
        if shown is not None:
            CAMERA_VERDICT.remove(camera_id, shown)

    def poll(self) -> None:
        """Serve delivery reports.

        Raises:
            Stop: A record was not delivered.
        """
        self._producer.poll()
        self._producer.check()

    def flush(self) -> None:
        """Wait until the broker has every record.

        Raises:
            Retry: It does not take them in time.
            Stop: A record was not delivered.
        """
        self._producer.flush()


def make_record(frame: Frame, width: int, finding: Finding) -> CameraHealth:
    """The record of what is known of a camera after a frame; figures to the thousandth."""
    found = finding.measures
    return {
        "camera_id": frame["camera_id"],
        "at_us": frame["captured_us"],
        "verdict": finding.verdict,
        "since_us": finding.since_us,
        "frame_seq": frame["seq"],
        "camera_version": frame["camera_version"],
        "shift_px": None if found is None else round(found.shift * width, 3),
        "found": None if found is None else round(found.found, 3),
        "veiled": None if found is None else round(found.veiled, 3),
        "sharpness": None if found is None else round(found.sharp, 3),
        "likeness": None if found is None else round(found.likeness, 3),
        "luma_p95": None if found is None else round(found.bright, 3),
        "with_camera_id": None,
        "distance_m": None,
        "late_s": None,
        "walks": 0,
    }


class GuardPipeline:
    """Guards cameras; see `RecordProcessor`.

    Args:
        service: Gives the clock.
        settings: How often, and for how long.
        parts: The parts.
    """

    linger_s = 0.0

    def __init__(self, service: Service, settings: GuardSettings, parts: Parts) -> None:
        self._clock = service.clock
        self._parts = parts
        self._repeat_us = round(settings.repeat_s * 1e6)
        self._rhythm = Rhythm(
            every_us=round(settings.compare_every_s * 1e6),
            learn_us=round(settings.learn_s * 1e6),
            after_us=round(settings.after_s * 1e6),
            frozen_after_us=round(settings.frozen_after_s * 1e6),
        )
        self._cameras: dict[str, Guarded] = {}

    def room(self) -> int:
        """As many as are taken in one turn: none wait here."""
        return MOST_RECORDS

    def wait_s(self) -> float:
        """Nothing is due without a record."""
        return IDLE_WAIT_S

    def submit(self, messages: Sequence[Message]) -> None:
        """Compare the frames that are due.

        Raises:
            Retry: A dependency stayed out of reach.
            Stop: A record was not delivered, or the object store refuses access.
        """
        now_s = self._clock.monotonic_s()
        self._parts.placement.refresh_if_due(now_s)
        for message in messages:
            arrival = self._parts.intake.receive(message, now_s)
            if arrival.pixels_of is not None:
                self._take(arrival)

    def _take(self, arrival: Arrival) -> None:
        frame = arrival.frame
        if frame is None:
            return  # inference makes a dead letter of it
        camera = self._camera(frame, arrival.partition)
        if not camera.watch.due(frame["captured_us"]):
            GUARD_FRAMES.labels("between").inc()
            return
        started_s = self._clock.monotonic_s()
        try:
            image = self._parts.reader.read(frame)
        except DeadLetter:
            GUARD_FRAMES.labels("unreadable").inc()
            return
        camera.watch.moves = self._parts.placement.moves(frame["camera_id"], camera.version)
        changed = camera.watch.step(frame["captured_us"], small_picture(image))
        GUARD_FRAMES.labels("compared").inc()
        GUARD_SECONDS.observe(self._clock.monotonic_s() - started_s)
        self._keep(frame["camera_id"], camera)
        self._report(arrival, frame, camera, changed=changed)

    def _camera(self, frame: Frame, partition: int) -> Guarded:
        """The camera of a frame; it starts again with a newer version, or once it is confirmed."""
        camera_id, version = frame["camera_id"], frame["camera_version"]
        camera = self._cameras.get(camera_id)
        confirmed = self._parts.suspicions.confirmed(camera_id)
        if camera is not None and version <= camera.version:
            if confirmed <= camera.confirmed:
                return camera
            version = camera.version
        picture = self._parts.backgrounds.read(camera_id, version, confirmed)
        background = None if picture is None else make_background(picture)
        camera = Guarded(
            CameraWatch(self._rhythm, background),
            version,
            confirmed,
            partition,
            kept=background is not None,
        )
        self._cameras[camera_id] = camera
        log.info(
            "guard.camera", camera_id=camera_id, version=version, background=background is not None
        )
        return camera

    def _keep(self, camera_id: str, camera: Guarded) -> None:
        """Store a background that was learnt just now."""
        background = camera.watch.background
        if background is None:
            camera.kept = False
        elif not camera.kept:
            self._parts.backgrounds.write(
                camera_id, camera.version, camera.confirmed, background.picture
            )
            camera.kept = True

    def _report(self, arrival: Arrival, frame: Frame, camera: Guarded, *, changed: bool) -> None:
        """Write a verdict that is new, or was not written for a while."""
        finding, at_us = camera.watch.finding, frame["captured_us"]
        if finding.verdict == "UNKNOWN":
            return  # nothing is decided since the start
        if finding.verdict == "MOVED":
            self._parts.suspicions.raise_if_new(
                frame["camera_id"],
                finding.verdict,
                since_us=finding.since_us,
                camera_version=camera.version,
            )
        if changed:
            log.info("guard.verdict", camera_id=frame["camera_id"], verdict=finding.verdict)
        elif camera.written_us is not None and at_us - camera.written_us < self._repeat_us:
            return
        self._parts.health.write(frame, frame["width"], finding, arrival.floor_partition)
        camera.written_us = at_us

    def poll(self) -> None:
        """Serve delivery reports, and write which cameras disagree."""
        for found in self._parts.overlap.news():
            self._report_pair(found)
        self._parts.health.poll()

    def _report_pair(self, found: Disagreement) -> None:
        """Write what is known of a camera against another, if this guard guards it."""
        camera = self._cameras.get(found.camera_id)
        if camera is None:
            return
        now_s = self._clock.monotonic_s()
        partition = self._parts.placement.partition_of(found.camera_id, now_s)
        self._parts.health.write_pair(found, camera.version, partition)
        if found.disagrees:
            self._parts.suspicions.raise_if_new(
                found.camera_id,
                "DISAGREES",
                since_us=found.since_us,
                camera_version=camera.version,
            )

    def join(self) -> None:
        """Wait until what was found is written."""
        self._parts.health.flush()

    def assigned(self, partitions: Collection[Partition]) -> None:
        """Do nothing: a camera is guarded from its first frame on."""

    def dropped(self, partitions: Collection[Partition]) -> None:
        """Forget the cameras that another guard has now."""
        numbers = {number for _, number in partitions}
        for camera_id in [key for key, one in self._cameras.items() if one.partition in numbers]:
            del self._cameras[camera_id]
            self._parts.health.forget(camera_id)

    def close(self) -> None:
        """Nothing is held beyond the parts."""
