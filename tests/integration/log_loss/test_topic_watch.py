"""A process whose topics are replaced while it runs ends, and names them."""

import re
import threading
from collections.abc import Callable

import pytest

from runtime.errors import EXIT_STOP, Stop
from runtime.kafka import topic_watch
from runtime.kafka.topic_watch import TopicWatch
from runtime.process.service import Service, run_service
from runtime.process.settings import Settings
from schemas.topics import FRAMES
from tests.integration.log_loss.logs import DEADLINE_S, KEPT, alter, delete, make, widen
from tests.support.clusters import cluster_of
from tests.support.inference_ward import InferenceThread, Ward, frame
from tests.support.waiting import eventually

EVERY_S = 0.1


def seen_after(settings: Settings, change: Callable[[], None]) -> list[Stop]:
    """Why a watch that was made before a change ends the process after the change."""
    ended: list[Stop] = []
    watch = TopicWatch(cluster_of(settings), [KEPT], ended.append, EVERY_S)
    change()
    watch.start()
    try:
        eventually(lambda: bool(ended), DEADLINE_S, "the watch has seen it")
    finally:
        watch.close()
    return ended


def made_again(settings: Settings) -> None:
    delete(settings, KEPT)
    make(settings, KEPT)


@pytest.mark.parametrize(
    ("change", "description"),
    [
        pytest.param(
            lambda settings: widen(settings, KEPT, 3),
            r"kept\.v1 has 3 partitions, not 1: keys are in other partitions since",
            id="more-partitions",
        ),
        pytest.param(
            made_again,
            r"kept\.v1 was deleted and made again while this process used it \(id \S+, now \S+\)",
            id="made-again",
        ),
        pytest.param(
            lambda settings: delete(settings, KEPT),
            r"kept\.v1 was deleted while this process used it",
            id="deleted",
        ),
        pytest.param(
            lambda settings: alter(settings, KEPT, "cleanup.policy", "compact"),
            r"kept\.v1: cleanup\.policy is compact, not delete: records are lost until",
            id="compacted",
        ),
    ],
)
def test_a_topic_that_is_no_longer_the_same_ends_every_process_that_uses_it(
    change: Callable[[Settings], None], description: str, settings: Settings
) -> None:
    make(settings, KEPT)
    ended = seen_after(settings, lambda: change(settings))

    assert re.search(description, str(ended[0])), ended[0]
    assert ended[0].exit_code == EXIT_STOP
    assert len(ended) == 1


def test_a_topic_setting_that_loses_nothing_stops_no_process(settings: Settings) -> None:
    make(settings, KEPT)

    def change() -> None:
        alter(settings, KEPT, "segment.ms", "600000")
        widen(settings, KEPT, 2)

    ended = seen_after(settings, change)

    name = cluster_of(settings).name(KEPT)
    assert str(ended[0]) == f"{name} has 2 partitions, not 1: keys are in other partitions since"


def test_inference_ends_when_the_frames_are_given_more_partitions(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topic_watch, "CHECK_S", EVERY_S)
    worker = InferenceThread(ward.with_inference(backend="hog", mode="record"))
    ward.send(frame("bed-1", 1))
    ward.await_read()
    widen(ward.settings, FRAMES, FRAMES.partitions + 1)
    eventually(lambda: not worker.running, DEADLINE_S, "inference has ended")

    error = worker.end()
    assert isinstance(error, Stop)
    assert f"{cluster_of(ward.settings).name(FRAMES)} has 33 partitions, not 32" in str(error)


def test_the_process_ends_with_the_code_of_what_ended_it() -> None:
    def body(service: Service) -> None:
        threading.Timer(0.0, service.end, [Stop("the log is another one")]).start()
        assert service.stop.wait(30)

    assert run_service("reader", body, Settings(metrics_port=0)) == EXIT_STOP
