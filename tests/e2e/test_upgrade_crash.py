"""A killed release has sent more than it saved, and the next release continues from there."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from deploy.local.launcher import Worker
from runtime.errors import EXIT_REPLAY, EXIT_STOP, Stop
from runtime.kafka.reader import read_topic
from schemas.codec import HEADER_BYTES
from schemas.registry import SchemaRegistry
from schemas.topics import DETECTIONS, OCCUPANCY, OCCUPANCY_LATEST, PRESENCE, TOPICS, TRACKS
from streams.stage import OUTPUTS
from streams.state.fold_version import fold_id
from streams.state.published import HANDOVER_KEY
from tests.e2e.held_pipeline import CAMERAS, HeldPipeline, held_pipeline
from tests.support.clusters import cluster_of
from tests.support.mutant import OTHER
from tests.support.mutations import unused
from tests.support.services import Services
from tests.support.waiting import eventually
from workers.operations.verification.digests import distinct, read_items

SINK = "sink-redis"
SINK_DEADLINE_S = 120.0


@dataclass
class Found:
    """The result of a pipeline.

    Attributes:
        conflict: A seq with two versions of bytes, in words; None without one.
        records: Records by topic and key, in order of seq.
        bodies: The same records as bytes.
        seqs: Sequence numbers by topic and key.
        frames: Event times of the detected frames, by camera.
        text: Log of its processes.
        fold: Name of the fold that wrote the last checkpoint.
        entities: Entities of the last checkpoint.
        sink_status: Exit status of the sink; None while it lives.
        zombie_status: Exit status of the process that was frozen while another one took over.
    """

    conflict: str | None = None
    records: dict[str, dict[str, list[Any]]] = field(default_factory=dict)
    bodies: dict[str, dict[str, list[bytes]]] = field(default_factory=dict)
    seqs: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    frames: dict[str, list[int]] = field(default_factory=dict)
    text: str = ""
    fold: str = ""
    entities: frozenset[str] = frozenset()
    sink_status: int | None = None
    zombie_status: int | None = None


def upgraded(services: Services, folder: Path, release: str) -> Found:
    """Kill a release, continue with this one, and let a sink read the records of both."""
    with held_pipeline(services, folder, release) as held:
        held.upgrade_behind_a_crash(twice=release == "other-release")
        found = judged(held)
        supervisor = held.pipeline.supervisor
        supervisor.start(Worker(name=SINK, command=("sink", "redis")))

        def done() -> bool:
            poll = held.pipeline.observer.poll(time.monotonic(), (), 0)
            return not supervisor.alive(SINK) or poll.lags.get(SINK) == 0

        eventually(done, SINK_DEADLINE_S, "the sink to have read all, or to end")
        if not supervisor.alive(SINK):
            found.sink_status = supervisor.wait(SINK, SINK_DEADLINE_S)
        return found


def overtaken(services: Services, folder: Path, release: str) -> Found:
    """Freeze a release, let this one take over, and wake the other one."""
    with held_pipeline(services, folder, release) as held:
        held.upgrade_while_one_is_frozen()
        found = judged(held)
        found.zombie_status = held.pipeline.supervisor.wait("stream", SINK_DEADLINE_S)
        return found


def judged(held: HeldPipeline) -> Found:
    """Read all topics as their subscribers do."""
    settings, head = held.pipeline.settings, held.heads()[-1]
    found = Found(text=held.text, fold=head.fold, entities=frozenset(head.entities))
    codec = SchemaRegistry(settings.registry_url).reader(DETECTIONS)
    for message in read_topic(cluster_of(settings), DETECTIONS):
        outcome = codec.decode(message.value())
        if outcome["outcome"] == "DETECTED":
            times = found.frames.setdefault(outcome["camera_id"], [])
            if outcome["captured_us"] not in times:
                times.append(outcome["captured_us"])
    try:
        for topic in OUTPUTS:
            by_key = distinct(list(read_items(cluster_of(settings), topic)))
            found.records[topic.name] = {k: [i.record for i in v] for k, v in by_key.items()}
            found.seqs[topic.name] = {k: [i.seq for i in v] for k, v in by_key.items()}
            found.bodies[topic.name] = {
                k: [i.value[HEADER_BYTES:] for i in v] for k, v in by_key.items()
            }
    except Stop as conflict:
        found.conflict = str(conflict)
    return found


Pipelines = dict[str, Future[Found]]


@pytest.fixture(scope="module")
def pipelines(services: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipelines]:
    """A pipeline upgraded after a crash, and one whose old release is frozen meanwhile."""
    registry = SchemaRegistry(services.environment["WARDSTREAM_REGISTRY_URL"])
    registry.register_all([topic for topic in TOPICS.values() if topic.avro])
    folder = tmp_path_factory.mktemp("upgrades")
    scenarios: dict[str, Callable[[Services, Path, str], Found]] = {
        "other-release": upgraded,
        "slow-release": overtaken,
    }
    with ThreadPoolExecutor(len(scenarios)) as pool:
        yield {
            release: pool.submit(scenario, services, folder / release, release)
            for release, scenario in scenarios.items()
        }


@pytest.mark.timeout(400)
def test_records_of_a_killed_release_stay_valid_and_the_next_one_continues_the_numbering(
    pipelines: Pipelines,
) -> None:
    """Every seq is there once with one version, no frame is missing, and the sink lives."""
    found = pipelines["other-release"].result()

    assert unused(found.text) == set()
    assert found.conflict is None
    assert found.sink_status is None
    for topic in OUTPUTS:
        for key, seqs in found.seqs[topic.name].items():
            assert seqs == list(range(1, len(seqs) + 1)), (topic.name, key)
    assert found.bodies[OCCUPANCY_LATEST.name] == found.bodies[OCCUPANCY.name]
    for camera_id in CAMERAS:
        reported = [record["captured_us"] for record in found.records[TRACKS.name][camera_id]]
        assert reported == sorted(set(reported))
        assert set(found.frames[camera_id]) <= set(reported)
        makers = [r["model_name"] == OTHER for r in found.records[TRACKS.name][camera_id]]
        assert makers == sorted(makers, reverse=True)
        assert len(set(makers)) == 2
    for records in found.records[PRESENCE.name].values():
        ticks = [record["as_of_us"] for record in records]
        assert ticks == sorted(set(ticks))
    assert "stream.handover" in found.text
    assert found.fold == fold_id()
    assert HANDOVER_KEY.decode() not in found.entities


@pytest.mark.chaos_long
@pytest.mark.timeout(400)
def test_without_reading_the_uncommitted_output_a_seq_has_two_versions_and_the_sink_ends(
    services: Services, tmp_path: Path
) -> None:
    """A new release that poses as the old one."""
    registry = SchemaRegistry(services.environment["WARDSTREAM_REGISTRY_URL"])
    registry.register_all([topic for topic in TOPICS.values() if topic.avro])

    found = upgraded(services, tmp_path, "unnamed-release")

    assert unused(found.text) == set()
    assert found.conflict is not None
    assert found.sink_status == EXIT_STOP


@pytest.mark.timeout(400)
def test_a_frozen_process_asks_whether_it_was_replaced_before_it_sends_on(
    pipelines: Pipelines,
) -> None:
    """It has half a batch left, and its records of that would differ from its successor's."""
    found = pipelines["slow-release"].result()

    assert unused(found.text) == set()
    assert found.conflict is None
    assert found.zombie_status == EXIT_REPLAY
    assert "checkpoints.frozen" in found.text
