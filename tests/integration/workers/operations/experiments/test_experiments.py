"""Experiments over a log: what they give, what becomes of a cut run, and what the log sees."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest

from runtime.errors import Retry, Stop
from runtime.kafka.reader import spans
from runtime.process.sections import ExperimentSettings
from runtime.storage.objects import EXPERIMENTS_AREA, ObjectStore, sha256_hex
from schemas.topics import AUDIT, OCCUPANCY, TOPICS, TRACKS
from tests.support import simulated
from tests.support.ahead_clock import AheadClock
from tests.support.clusters import cluster_of, installation_of
from tests.support.paths import ROOT
from tests.support.services import Services, separate_environment
from workers.local.pipeline import prepare, settings_of
from workers.operations.experiments.planning import Asked, PlannedExperiment, plan
from workers.operations.experiments.results import ResultFile
from workers.operations.experiments.running import expire, run
from workers.operations.experiments.settings_file import Replacement, read_replacement
from workers.operations.experiments.store import Kept, open_store
from workers.operations.experiments.value.experiment import schema_of
from workers.operations.installation import Installation
from workers.operations.verification.oracle import fold_detections
from workers.registry.files import ImportRefused

CAMERAS = ["sim-0", "sim-1"]
OTHER = """
settings:
  tracking: {high_score: 0.5}
facts:
  zone:
    - zone_id: sim-0-zone
      camera_id: sim-0
      polygon: [[0, 0], [640, 0], [640, 479], [0, 479]]
"""
pytestmark = pytest.mark.timeout(300)


@dataclass
class Lab:
    """A log of detections, and an experiment of two arms over it."""

    installation: Installation
    environment: dict[str, str]
    other: Replacement
    planned: PlannedExperiment = field(init=False)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Rows of the database; `x` is the schema of the experiment."""
        text = statement.replace("x.", f"{schema_of(self.planned.experiment.id)}.")
        options = "-c timezone=UTC"
        with psycopg.connect(self.installation.database_url, options=options) as connection:
            return connection.execute(text.encode()).fetchall()

    def run(self, planned: PlannedExperiment | None = None, **limits: float) -> Kept:
        """Run the experiment."""
        one = planned or self.planned
        span = one.from_us, one.to_us
        settings = ExperimentSettings(**limits)
        return run(self.installation, one.experiment, span, settings, by="ann", why="a try")

    def objects(self) -> dict[str, str]:
        """Digest of each object of the experiment, by path."""
        store = ObjectStore(self.installation.objects_url)
        paths = store.paths(f"{EXPERIMENTS_AREA}/{self.planned.experiment.id}")
        return {path: sha256_hex(store.read(path) or b"") for path in paths}

    def asked(self, **arms: Replacement) -> Asked:
        """The whole log."""
        clock = self.installation.cluster.clock
        to_us = clock.now_us() - 20_000_000
        return Asked(from_us=to_us - 3_600_000_000, to_us=to_us, partitions=None, arms=arms)

    def log(self) -> list[Any]:
        """Every topic of the broker with its ends and partitions, and every group."""
        cluster = self.installation.cluster
        listed = cluster.asker.list_topics(timeout=10).topics
        own = sorted(name for name in listed if name.startswith(cluster.prefix))
        ends = [spans(cluster, topic) for topic in TOPICS.values() if topic is not AUDIT]
        groups = cluster.asker.list_consumer_groups().result(10).valid
        named = sorted(one.group_id for one in groups if one.group_id.startswith(cluster.prefix))
        return [[(name, len(listed[name].partitions)) for name in own], ends, named]


@pytest.fixture(scope="module")
def lab(
    services: Services, database_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("experiments")
    with separate_environment(services, database_template) as environment:
        own = {
            **environment,
            "WARDSTREAM_INGEST__OBJECT_STORE_URL": (folder / "objects").as_uri(),
        }
        settings = settings_of(own)
        ingest = settings.ingest.model_copy(
            update={"object_store_url": own["WARDSTREAM_INGEST__OBJECT_STORE_URL"]}
        )
        settings = settings.model_copy(update={"ingest": ingest})
        prepare(cluster_of(settings), settings.database_address)
        simulated.register(settings, CAMERAS)
        simulated.Feed(settings, CAMERAS, 40, seed=5).send()
        clock = AheadClock()
        clock.ahead_s = 60
        file = folder / "other.yaml"
        file.write_text(OTHER)
        lab = Lab(
            installation_of(settings, clock),
            {**os.environ, **own, "PYTHONPATH": str(ROOT)},
            read_replacement(file),
        )
        lab.planned = plan(lab.installation, lab.asked(a=Replacement(), b=lab.other))
        yield lab


@pytest.fixture(scope="module")
def before(lab: Lab) -> list[Any]:
    return lab.log()


@pytest.fixture(scope="module")
def undisturbed(lab: Lab, before: list[Any]) -> dict[str, str]:
    """Objects of a run that nothing disturbed; it is dropped again."""
    assert before
    kept = lab.run()
    objects = lab.objects()
    with open_store(lab.installation.database_url, lab.installation.objects_url) as store:
        store.drop(kept.id)
    assert lab.objects() == {}
    return objects


@pytest.fixture(scope="module")
def kept(lab: Lab, undisturbed: dict[str, str]) -> Kept:
    """The experiment, killed in its second part and run again."""
    assert undisturbed
    program = "tests.integration.workers.operations.experiments.killed"
    given = msgspec.json.encode(lab.planned.experiment)
    process = subprocess.run(
        [sys.executable, "-m", program],
        env=lab.environment,
        input=given,
        cwd=ROOT,
        timeout=120,
        check=False,
    )
    assert process.returncode == -9
    assert lab.rows("SELECT arm, partition FROM x.parts") == [("a", 0)]
    return lab.run()


def test_a_killed_run_goes_on_and_its_bytes_are_those_of_an_undisturbed_one(
    lab: Lab, undisturbed: dict[str, str], kept: Kept
) -> None:
    assert kept.done_at is not None
    assert len(undisturbed) == 2 * 2 * 4
    assert lab.objects() == undisturbed


def test_an_arm_without_changes_has_the_rows_that_the_pipeline_writes(lab: Lab, kept: Kept) -> None:
    cluster = lab.installation.cluster
    written_by_it = fold_detections(cluster, lab.installation.pipeline)
    found = {}
    for topic in (OCCUPANCY, TRACKS):
        codec = cluster.registry.writer(topic)
        bodies = [one for key in written_by_it[topic.name].values() for one in key]
        found[topic] = [codec.decode(codec.header + one) for one in bodies]
    names = ("zone_id", "seq", "people", "gap_max")
    written = {tuple(one[name] for name in names) for one in found[OCCUPANCY]}

    assert {*lab.rows(f"SELECT {', '.join(names)} FROM x.occupancy WHERE arm = 'a'")} == written
    assert kept.rows["a"]["occupancy"] == len(written) > 0
    assert kept.rows["a"]["tracks"] == sum(len(one["tracks"]) for one in found[TRACKS]) > 0


def test_another_zone_changes_its_own_figures_and_no_others(lab: Lab, kept: Kept) -> None:
    people = dict(
        lab.rows("SELECT arm, sum(people) FROM x.occupancy WHERE zone_id = 'sim-0-zone' GROUP BY 1")
    )

    assert people["b"] > people["a"]
    assert kept.experiment.arms[1].replaced == ("tracking.high_score", "zone sim-0-zone")


def test_the_log_has_nothing_of_an_experiment(lab: Lab, before: list[Any], kept: Kept) -> None:
    assert kept.done_at is not None
    assert lab.log() == before


def test_what_was_run_is_not_run_again_and_another_plan_of_it_has_its_id(
    lab: Lab, kept: Kept
) -> None:
    asked = lab.asked(b=lab.other, a=Replacement())
    asked = msgspec.structs.replace(asked, from_us=lab.planned.from_us, to_us=lab.planned.to_us)

    assert plan(lab.installation, asked).experiment.id == kept.id
    assert lab.run() == kept


def test_a_second_run_at_the_same_time_is_refused(lab: Lab, kept: Kept) -> None:
    with (
        open_store(lab.installation.database_url, lab.installation.objects_url) as store,
        store.locked(kept.id),
        pytest.raises(Stop, match="is being run or dropped by another process"),
    ):
        lab.run()


def test_a_full_quota_and_a_lost_object_store_are_named_and_the_run_goes_on_later(
    lab: Lab, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert kept.done_at is not None
    planned = plan(lab.installation, lab.asked(only=lab.other))
    with pytest.raises(Stop, match=r"experiments\.quota_gb allows 1e-09"):
        lab.run(planned, quota_gb=1e-9)

    def lost(_self: ObjectStore, path: str, _data: bytes) -> str:
        raise Retry(f"object store does not take {path}")

    with monkeypatch.context() as patched:
        patched.setattr(ObjectStore, "put", lost)
        with pytest.raises(Retry, match="does not take"):
            lab.run(planned)
    with monkeypatch.context() as patched:
        patched.setattr(ResultFile, "close", _no_space)
        with pytest.raises(Retry, match="make room and run"):
            lab.run(planned)
    done = lab.run(planned)
    assert done.done_at is not None
    with open_store(lab.installation.database_url, lab.installation.objects_url) as store:
        assert [one.id for one in store.all()] == [done.id, kept.id]
        assert store.drop(done.id) == 8


def _no_space(_self: object) -> None:
    raise OSError(28, "No space left on device")


def test_an_experiment_is_gone_after_its_period(lab: Lab, kept: Kept) -> None:
    assert kept.done_at is not None
    planned = plan(lab.installation, lab.asked(old=Replacement()))
    old = lab.run(planned)
    clock = lab.installation.cluster.clock
    assert isinstance(clock, AheadClock)
    schema = schema_of(old.id)
    lab.rows(f"UPDATE {schema}.about SET run_at = run_at - interval '15 days' RETURNING 1")

    assert expire(lab.installation, ExperimentSettings()) == [old.id]
    assert lab.rows(f"SELECT to_regnamespace('{schema}') IS NULL") == [(True,)]
    assert lab.rows("SELECT count(*) FROM x.about") == [(1,)]


def test_a_range_that_has_expired_is_refused_with_the_first_offset_held(lab: Lab) -> None:
    asked = lab.asked(a=Replacement())
    with pytest.raises(Stop, match="--to must be 10 s ago or earlier"):
        plan(lab.installation, msgspec.structs.replace(asked, to_us=asked.to_us + 60_000_000))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("settings: {tracking: {hgih_score: 0.5}}", r"settings\.tracking\.hgih_score"),
        (
            "settings: {tracking: {high_score: many}}",
            r"settings\.tracking\.high_score",
        ),
        ("settings: {stream: {batch_max: 5}}", r"settings\.stream\.batch_max: not a setting of"),
        ("facts: {zone: [{zone_id: z, camera_id: c}]}", r"facts\.zone.*polygon: is missing"),
        (
            "facts: {zone: [{zone_id: z, camera_id: c, polygon: [[0,0],[1,0],[1,1]]}]}",
            "no camera|c",
        ),
        ("zones: []", "zones: not one of settings, facts"),
        ("{}", "replaces nothing"),
    ],
)
def test_what_is_wrong_with_an_arm_is_named_with_file_and_field(
    lab: Lab, tmp_path: Path, text: str, why: str
) -> None:
    file = tmp_path / "other.yaml"
    file.write_text(text)

    with pytest.raises((Stop, ImportRefused), match=why):
        plan(lab.installation, lab.asked(b=read_replacement(file)))
