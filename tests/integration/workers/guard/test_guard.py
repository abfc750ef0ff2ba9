"""The guard on a real broker: it learns, finds out, writes, and remembers over a restart."""

import itertools
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from runtime.clock import SystemClock
from runtime.facts.log import Fact, FactLog
from runtime.kafka.producer import ReliableProducer
from runtime.process.health import Health
from runtime.process.service import Service
from runtime.process.settings import Settings
from runtime.process.user import user_name
from schemas.records.cameras import CameraHealth, CameraView
from schemas.records.frames import DetectionOutcome, Frame
from schemas.records.tracks import CameraTracks
from schemas.topics import AUDIT, CAMERA_HEALTH, CAMERA_VIEWS, CAMERAS, FLOORS, FRAMES, TRACKS
from streams.domain.facts.timeline import Facts
from streams.domain.pipeline import PartitionPipeline
from tests.support.builders.domain import box, fold, outcome, presences
from tests.support.builders.domain import heartbeat as silent
from tests.support.clusters import cluster_of
from tests.support.facts import publish_facts
from tests.support.guarded_views import FAULTS, Pictures, jpeg_of, room, view
from tests.support.inference_ward import (
    FLOOR_OF,
    HEIGHT,
    PARTITION_OF,
    START_US,
    WIDTH,
    Ward,
    frame,
    heartbeat,
)
from tests.support.overlapping_views import corner_cameras, to_and_fro, walked
from tests.support.services import Services
from workers.guard.process import run_guard
from workers.observation.signs import ViewSign
from workers.watchdog.views import ViewFollower

CAMERA = "bed-1"
EVERY_US = 500_000
LEARNT = 24
MOVED = 14


@pytest.fixture
def ward(services: Services, run_prefix: str, tmp_path: Path) -> Iterator[Ward]:
    """A ward with the guard's topic."""
    settings = Settings(
        kafka_bootstrap=services.environment["WARDSTREAM_KAFKA_BOOTSTRAP"],
        registry_url=services.environment["WARDSTREAM_REGISTRY_URL"],
        topic_prefix=run_prefix,
    )
    ingest = settings.ingest.model_copy(
        update={"object_store_url": f"file://{tmp_path / 'objects'}"}
    )
    topics = (TRACKS, CAMERA_HEALTH, CAMERA_VIEWS, AUDIT)
    made = Ward(settings.model_copy(update={"ingest": ingest}), topics)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def guarding(ward: Ward) -> Iterator[Service]:
    """Run the guard while the block runs; it must end without an error."""
    service = Service(ward.settings, Health("guard"), SystemClock())
    errors: list[BaseException] = []

    def run() -> None:
        try:
            run_guard(service)
        except BaseException as error:  # noqa: BLE001 - given to the test below
            errors.append(error)

    thread = threading.Thread(target=run, name="guard", daemon=True)
    thread.start()
    try:
        ward.await_that(lambda: bool(errors) or guarded(service), "every partition", 60)
        assert errors == []
        yield service
    finally:
        service.stop.set()
        thread.join(60)
    assert not thread.is_alive()
    assert errors == []


def guarded(service: Service) -> bool:
    """Whether it has every partition, and begins to read at its end."""
    return service.health.detail.get("partitions") == str(FRAMES.partitions)


def frames(pictures: Pictures, first: int, count: int, *, version: int, moved: bool) -> list[Frame]:
    """Frames of a camera, each half a second after the one before."""
    found = []
    for seq in range(first, first + count):
        picture = FAULTS["displaced 10 px"].picture(pictures, seq) if moved else view(pictures, seq)
        height, width = picture.shape
        found.append(
            frame(
                CAMERA,
                seq,
                jpeg_of(picture),
                width=width,
                height=height,
                camera_version=version,
                captured_us=START_US + seq * EVERY_US,
            )
        )
    return found


def first_frame(ward: Ward, pictures: Pictures, first: int, **how: Any) -> int:
    """Send frames until the guard reads them: it begins somewhere at the end of the log.

    Returns:
        Number of the next frame.
    """
    written = ward.count(CAMERA_HEALTH)
    numbers = iter(range(first, first + 100))

    def read() -> bool:
        ward.send(*frames(pictures, next(numbers), 1, **how))
        return ward.count(CAMERA_HEALTH) > written

    ward.await_that(read, "the first frame", 60, poll_every_s=0.3)
    return next(numbers)


def records(ward: Ward) -> list[CameraHealth]:
    """What the guard wrote; each record must be in the partition of its camera's floor."""
    reader = ward.registry.reader(CAMERA_HEALTH)
    found: list[CameraHealth] = []
    for message in ward.log(CAMERA_HEALTH):
        assert message.key() == CAMERA.encode()
        assert message.partition() == PARTITION_OF[FLOOR_OF[CAMERA]]
        found.append(reader.decode(message.value()))
    return found


def await_verdicts(ward: Ward, count: int) -> list[CameraHealth]:
    """The records, once there are so many."""
    ward.await_that(lambda: ward.count(CAMERA_HEALTH) >= count, f"{count} verdicts", 60)
    return records(ward)


def test_a_moved_camera_is_found_out_and_a_restart_does_not_forget_it(ward: Ward) -> None:
    pictures = room(40)
    with guarding(ward):
        learnt = first_frame(ward, pictures, 0, version=1, moved=False) + LEARNT
        ward.send(*frames(pictures, learnt - LEARNT, LEARNT, version=1, moved=False))
        ward.send(heartbeat("bed-2", 0), frame(CAMERA, learnt, b"no JPEG", sha256="0"))
        ward.send(*frames(pictures, learnt, MOVED, version=1, moved=True))
        found = await_verdicts(ward, 3)

    assert [one["verdict"] for one in found] == ["LEARNING", "OK", "MOVED"]
    moved = found[2]
    began_us = START_US + learnt * EVERY_US
    assert began_us <= moved["since_us"] <= began_us + 2_000_000
    assert moved["since_us"] + 3_000_000 <= moved["at_us"] <= began_us + 5_000_000
    assert moved["shift_px"] == pytest.approx(10.0, abs=1.0)

    watching = ViewFollower(cluster_of(ward.settings))
    watching.start()
    try:
        ward.await_that(
            lambda: CAMERA in watching.signs(SystemClock().now_us()), "the watchdog", 60
        )
        assert watching.signs(SystemClock().now_us()) == {
            CAMERA: ViewSign(verdict="MOVED", since_us=moved["since_us"])
        }
        assert watching.signs(SystemClock().now_us() + 3_600_000_000) == {}, "it counts no longer"
    finally:
        watching.close()

    with guarding(ward):
        after = first_frame(ward, pictures, learnt + MOVED, version=1, moved=True)
        assert [one["verdict"] for one in await_verdicts(ward, 4)][3:] == ["MOVED"]
        # Somebody edits the camera: this is its view now.
        ward.send(*frames(pictures, after, LEARNT, version=2, moved=True))
        edited = await_verdicts(ward, 6)[4:]

    assert [one["verdict"] for one in edited] == ["LEARNING", "OK"]
    assert {one["camera_version"] for one in edited} == {2}


def test_people_before_a_moved_camera_are_suspect_until_somebody_confirms_its_view(
    ward: Ward,
) -> None:
    pictures = room(40)
    with guarding(ward):
        learnt = first_frame(ward, pictures, 0, version=1, moved=False) + LEARNT
        ward.send(*frames(pictures, learnt - LEARNT, LEARNT, version=1, moved=False))
        ward.send(*frames(pictures, learnt, MOVED, version=1, moved=True))
        ward.await_that(lambda: decisions(ward) != [], "a decision", 60)
        [suspect] = decisions(ward)
        began_us = START_US + learnt * EVERY_US
        assert (suspect["state"], suspect["reason"]) == ("SUSPECT", "MOVED")
        assert began_us <= suspect["since_us"] == suspect["valid_from_us"] <= began_us + 2_000_000
        visible_us = suspect["recorded_at_us"] + 5_000_000
        assert signs(ward, visible_us - 3_000_000) == {False}
        assert signs(ward, visible_us) == {True}

        confirmed = confirm(ward, "looked at it, the bed is where it was")

        assert confirmed.returncode == 0, confirmed.stdout
        [_, trusted] = decisions(ward)
        assert (trusted["state"], trusted["recorded_by"]) == ("TRUSTED", user_name())
        assert signs(ward, trusted["recorded_at_us"] + 5_000_000) == {False}
        written = ward.count(CAMERA_HEALTH)
        later = iter(range(learnt + MOVED, learnt + MOVED + 200))

        def relearnt() -> bool:
            ward.send(*frames(pictures, next(later), 1, version=1, moved=True))
            return ward.count(CAMERA_HEALTH) >= written + 2

        ward.await_that(relearnt, "the view of now as background", 60, poll_every_s=0.2)
        assert [one["verdict"] for one in records(ward)][-2:] == ["LEARNING", "OK"]
    assert len(decisions(ward)) == 2


def decisions(ward: Ward) -> list[CameraView]:
    """What was decided about views."""
    log = FactLog(cluster_of(ward.settings), [CAMERA_VIEWS])
    try:
        return [cast(CameraView, fact.record) for fact in log.sync()]
    finally:
        log.close()


def signs(ward: Ward, at_us: int) -> set[bool]:
    """Whether people whom the fold finds from an event time on are suspect: the first second."""
    log = FactLog(cluster_of(ward.settings), [FLOORS, CAMERAS, CAMERA_VIEWS])
    facts = Facts()
    try:
        for topic, record in log.sync():
            facts.add(topic.name, record)
    finally:
        log.close()
    sent: list[DetectionOutcome] = []
    for number in range(10):
        seen = [box(30, 100, width=20, height=60)]
        found_there = outcome(at_us + number * 100_000, seen, camera_id=CAMERA)
        sent.append({**found_there, "width": WIDTH, "height": HEIGHT})
        sent.append(silent(found_there["captured_us"], camera_id="bed-2"))  # on the same floor
    found = presences(fold(PartitionPipeline(), facts, sent))
    return {one["calibration_suspect"] for presence in found for one in presence["people"]}


def confirm(ward: Ward, reason: str) -> subprocess.CompletedProcess[str]:
    """Type `wardstream camera confirm`."""
    environment = {
        **os.environ,
        "WARDSTREAM_KAFKA_BOOTSTRAP": ward.settings.kafka_bootstrap,
        "WARDSTREAM_REGISTRY_URL": ward.settings.registry_url,
        "WARDSTREAM_TOPIC_PREFIX": ward.settings.topic_prefix,
    }
    return subprocess.run(
        [sys.executable, "-m", "workers.cli", "camera", "confirm", CAMERA, "--reason", reason],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )


def test_cameras_that_put_the_same_people_apart_are_found_out_and_suspect(ward: Ward) -> None:
    pictures, names = room(40), ("bed-1", "bed-2")
    corners = corner_cameras()
    calibrated = [
        {
            **corners[corner],
            "camera_id": name,
            "version": 2,
            "floor_id": "west",
            "recorded_by": "",
            "valid_from_us": 0,
            "recorded_at_us": 0,
        }
        for name, corner in zip(names, ("corner-0", "corner-1"), strict=True)
    ]
    publish_facts(cluster_of(ward.settings), [Fact(CAMERAS, one) for one in calibrated])
    walkers = [to_and_fro((2.0, 1.5), (6.0, 4.5), 1.1), to_and_fro((2.0, 4.5), (6.0, 1.8), 0.8)]
    seen = dict.fromkeys(names, walkers)
    with guarding(ward):
        last = first_frame(ward, pictures, 0, version=2, moved=False)
        guarded_too = frames(pictures, last, 1, version=2, moved=False)[0]
        ward.send({**guarded_too, "camera_id": "bed-2"})
        wrong = walked(seen, 60, off={"bed-2": (1.0, 0.0)})
        writer, producer = ward.registry.writer(TRACKS), ReliableProducer(cluster_of(ward.settings))
        sent: list[CameraTracks] = list(wrong)
        numbers = iter(range(len(sent)))

        def disagree() -> bool:
            for one in [sent[number] for number in itertools.islice(numbers, 40)]:
                name = cluster_of(ward.settings).name(TRACKS)
                value = writer.encode({**one, "floor_id": "west"})
                producer.produce(name, key=one["camera_id"], value=value, partition=5)
            producer.flush()
            return len(decisions(ward)) == 2

        ward.await_that(disagree, "both are suspect", 60, poll_every_s=0.5)
        reader = ward.registry.reader(CAMERA_HEALTH)
        written = [reader.decode(message.value()) for message in ward.log(CAMERA_HEALTH)]
    found = [one for one in written if one["verdict"] == "DISAGREES"]
    assert {(one["camera_id"], one["with_camera_id"]) for one in found} == {names, names[::-1]}
    assert found[0]["distance_m"] == pytest.approx(1.0, abs=0.3)
    assert {(one["state"], one["reason"]) for one in decisions(ward)} == {("SUSPECT", "DISAGREES")}
