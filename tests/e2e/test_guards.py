"""The stream processor keeps its promise because of its guards: without one, a crash shows.

`make test` takes out one guard against each kind of fault, and `make test-long` every guard. Each
pipeline runs the real stream processor with the real fold on topics of its own. The pipelines
run side by side, and each test waits for its own.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from runtime.checkpoints import SettingsSpan
from runtime.errors import EXIT_REPLAY, Stop
from schemas.registry import SchemaRegistry
from schemas.topics import TOPICS
from schemas.tracker_settings import TrackerSettings
from tests.e2e.held_pipeline import BEFORE_THE_CRASH, CHANGED, HeldPipeline, held_pipeline
from tests.support.mutations import unused
from tests.support.services import Services

SIDE_BY_SIDE = 3


@dataclass(frozen=True)
class Found:
    """The result of a pipeline.

    Attributes:
        difference: Difference from a one-process fold of its detections; None without one.
        text: Log of its processes.
        unused: Guards that were taken out, and that no process reached.
        spans: Which settings hold from which offset on.
        zombie_status: Exit status of the zombie; None without a zombie, or while it lives.
    """

    difference: str | None
    text: str
    unused: set[str]
    spans: tuple[SettingsSpan, ...]
    zombie_status: int | None = None


def judged(held: HeldPipeline, zombie_status: int | None = None) -> Found:
    """Compare the topics with the oracle; a seq that came again with other bytes differs too."""
    try:
        difference = held.difference()
    except Stop as error:
        difference = str(error)
    text = held.text
    return Found(difference, text, unused(text), held.heads()[-1].settings, zombie_status)


def killed_in_a_save(held: HeldPipeline) -> Found:
    """One crash."""
    held.kill_in_a_save()
    return judged(held)


def woken_zombie(held: HeldPipeline) -> Found:
    """One zombie, and then a new process that must live with what it left."""
    held.wake_a_zombie()
    alive = held.pipeline.supervisor.alive("stream")
    status = None if alive else held.pipeline.supervisor.wait("stream", 60)
    held.replace_all()
    return judged(held, status)


def killed_and_woken(held: HeldPipeline) -> Found:
    """One crash, then one zombie."""
    held.kill_in_a_save()
    return woken_zombie(held)


def changed_settings(held: HeldPipeline) -> Found:
    """One crash, and another configuration."""
    held.change_settings_behind_a_crash()
    return judged(held)


Scenarios = dict[str, Callable[[HeldPipeline], Found]]

SCENARIOS: Scenarios = {
    "intact": killed_and_woken,
    "intact, changed": changed_settings,
    "unfenced": woken_zombie,
    "checkpoint-first": killed_in_a_save,
}
FURTHER: Scenarios = {
    "forgetful": changed_settings,
    "unsought": killed_in_a_save,
    "uncompared": killed_in_a_save,
}
"""Scenarios of `make test-long`."""

Pipelines = dict[str, Future[Found]]


@contextmanager
def started(services: Services, folder: Path, scenarios: Scenarios) -> Iterator[Pipelines]:
    """All pipelines of some scenarios, started in their order."""
    registry = SchemaRegistry(services.environment["WARDSTREAM_REGISTRY_URL"])
    registry.register_all([topic for topic in TOPICS.values() if topic.avro])

    def run(scenario: str) -> Found:
        with held_pipeline(services, folder / scenario, scenario.split(",", maxsplit=1)[0]) as held:
            return scenarios[scenario](held)

    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        yield {scenario: pool.submit(run, scenario) for scenario in scenarios}


@pytest.fixture(scope="module")
def pipelines(services: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipelines]:
    """Pipelines of `make test`; the longest first."""
    with started(services, tmp_path_factory.mktemp("guards"), SCENARIOS) as found:
        yield found


@pytest.fixture(scope="module")
def further(services: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipelines]:
    """Pipelines of `make test-long`."""
    with started(services, tmp_path_factory.mktemp("further"), FURTHER) as found:
        yield found


@pytest.mark.timeout(600)
def test_a_crash_in_a_save_and_a_zombie_change_nothing(pipelines: Pipelines) -> None:
    """Every guard is in place: the zombie's save is refused, and it ends itself."""
    found = pipelines["intact"].result()

    assert found.difference is None
    assert len(found.spans) == 1
    assert found.zombie_status == EXIT_REPLAY
    assert "refused" in found.text


@pytest.mark.timeout(600)
def test_without_the_fence_a_zombie_spoils_its_successors_checkpoint(pipelines: Pipelines) -> None:
    found = pipelines["unfenced"].result()

    assert found.unused == set()
    assert found.difference is not None
    assert "are missing, stale or unknown to the head" in found.text


@pytest.mark.chaos_long
@pytest.mark.timeout(600)
def test_without_the_seek_records_are_left_out_and_it_never_catches_up(further: Pipelines) -> None:
    found = further["unsought"].result()

    assert found.unused == set()
    assert found.difference is not None
    assert "was delivered" in found.text


@pytest.mark.chaos_long
@pytest.mark.timeout(600)
def test_without_comparing_offsets_a_skipped_record_goes_unnoticed_by_the_process(
    further: Pipelines,
) -> None:
    """The digests notice it; with the comparison, the process ends itself."""
    found = further["uncompared"].result()

    assert found.unused == set()
    assert found.difference is not None
    assert "was delivered" not in found.text


@pytest.mark.timeout(600)
def test_without_the_flush_order_outputs_are_missing(pipelines: Pipelines) -> None:
    found = pipelines["checkpoint-first"].result()

    assert found.unused == set()
    assert found.difference is not None


@pytest.mark.timeout(600)
def test_settings_changed_after_a_crash_hold_from_the_end_of_the_input(
    pipelines: Pipelines,
) -> None:
    """Input after the checkpoint is folded again with the old settings, as by the oracle."""
    found = pipelines["intact, changed"].result()

    assert found.difference is None
    assert [span.from_offset for span in found.spans] == [0, BEFORE_THE_CRASH]
    reported = [span.values["tracker"]["lost_after_s"] for span in found.spans]
    assert reported == [
        TrackerSettings().lost_after_s,
        float(CHANGED["WARDSTREAM_TRACKING__LOST_AFTER_S"]),
    ]


@pytest.mark.chaos_long
@pytest.mark.timeout(600)
def test_without_settings_in_the_checkpoint_the_same_seq_comes_with_other_bytes(
    further: Pipelines,
) -> None:
    found = further["forgetful"].result()

    assert found.unused == set()
    assert found.difference is not None
