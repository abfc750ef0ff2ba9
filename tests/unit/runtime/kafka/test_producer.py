"""A producer without a broker gives up in time, and what a fold emits then asks for a replay."""

from collections.abc import Iterator

import pytest

from deploy.local.ports import free_ports
from runtime.checkpoints import OutputRecord, ReplayNeeded
from runtime.checkpoints import outputs as outputs_module
from runtime.checkpoints.outputs import MAX_MESSAGE_BYTES, HeldOutputs
from runtime.errors import EXIT_REPLAY, EXIT_STOP, Retry, Stop
from runtime.kafka.cluster import Cluster
from runtime.kafka.producer import ReliableProducer
from tests.support.clusters import cluster_at


class HurriedClock:
    """A clock that moves a minute whenever it is read, so that no test waits for ten."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def now_us(self) -> int:
        return round(self.now_s * 1e6)

    def monotonic_s(self) -> float:
        self.now_s += 60.0
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


@pytest.fixture
def nowhere() -> Cluster:
    """A cluster whose broker is not there, so that nothing is ever acknowledged."""
    return cluster_at(f"127.0.0.1:{free_ports(1)[0]}", HurriedClock())


@pytest.fixture
def full(nowhere: Cluster) -> Iterator[ReliableProducer]:
    """A producer whose queue has room for one record."""
    made = ReliableProducer(nowhere, **{"queue.buffering.max.messages": 1})
    made.send("tracks", None, b"1", 0)
    yield made
    made.close()


def test_a_queue_that_stays_full_asks_for_a_replay(full: ReliableProducer) -> None:
    with pytest.raises(Stop, match="found no room: nothing was acknowledged for 600 s") as stopped:
        full.send("tracks", None, b"2", 1)

    assert stopped.value.exit_code == EXIT_REPLAY


def test_records_that_are_not_acknowledged_in_time_may_be_tried_again(
    full: ReliableProducer,
) -> None:
    with pytest.raises(Retry, match=r"\d+ records were not acknowledged within 120 s"):
        full.flush(120.0)


def test_a_record_that_no_topic_can_take_is_refused_at_once(nowhere: Cluster) -> None:
    producer = ReliableProducer(nowhere, max_record_bytes=1_000)

    with pytest.raises(Stop, match="refuses a record of tracks, and would again") as stopped:
        producer.send("tracks", None, b"0" * 2_000)
    assert stopped.value.exit_code == EXIT_STOP
    producer.close()


def test_an_output_leaves_only_when_it_is_released(nowhere: Cluster) -> None:
    outputs = HeldOutputs(nowhere)
    outputs.emit(OutputRecord("tracks", b"camera-1", b"0" * MAX_MESSAGE_BYTES, 0))

    with pytest.raises(Stop, match="refuses a record of tracks, and would again"):
        outputs.release()
    outputs.close()


def test_outputs_that_are_not_acknowledged_in_time_ask_for_a_replay(
    nowhere: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outputs_module, "GIVE_UP_S", 120.0)
    outputs = HeldOutputs(nowhere)
    outputs.emit(OutputRecord("tracks", b"camera-1", b"1", 0))

    with pytest.raises(ReplayNeeded, match=r"\d+ records were not acknowledged within 120 s"):
        outputs.flush()
    outputs.close()
