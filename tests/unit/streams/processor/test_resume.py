"""A rebalance may begin at any moment of a load; each test has the moment of one guard.

A script plays the app and its consumer, because these moments are rare in a real group;
`tests/chaos/checkpoint` meets them by chance and under load.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence

import pytest
from faust.types import TP

from runtime.checkpoints import AssignmentChanged, PartitionProgress
from streams.processor.resume import Resumption
from tests.support.builders.checkpoints import Journal

INPUT = "detections"


class FlowControl:
    def __init__(self) -> None:
        self.suspended = False

    def suspend(self) -> None:
        self.suspended = True


class Group:
    """The app and the consumer as far as `Resumption` sees them."""

    def __init__(self) -> None:
        self.rebalances = 0
        self.asked = asyncio.Event()
        self.consumer_generation_id = 0
        self.should_stop = False
        self.flow_control = FlowControl()
        self.flow_active = True
        self.sought: list[dict[TP, int]] = []
        self.tps: set[TP] = set()
        self.before_seek: Callable[[], None] = lambda: None

    @property
    def rebalancing_count(self) -> int:
        self.asked.set()
        return self.rebalances

    async def wait_asked(self, times: int = 2) -> None:
        """Wait until a request has read the rebalance count `times` more times."""
        for _ in range(times):
            self.asked.clear()
            await asyncio.wait_for(self.asked.wait(), timeout=10)

    def assignment(self) -> set[TP]:
        return self.tps

    def stop_flow(self) -> None:
        self.flow_active = False

    async def seek_wait(self, partitions: Mapping[TP, int]) -> None:
        self.before_seek()
        if not partitions.keys() <= self.tps:
            raise RuntimeError("not assigned")
        self.sought.append(dict(partitions))


class Play:
    """A group, a `Resumption` in it, and a store whose loads are recorded."""

    def __init__(self) -> None:
        self.group = Group()
        self.loads: list[list[int]] = []
        self.exits: list[tuple[int, str]] = []
        self.during_load: Callable[[], None] = lambda: None
        self.flow_during_load: list[bool] = []
        self.resumption = Resumption(
            self.group,
            INPUT,
            self._load,
            limit_s=2.0,
            exit_process=lambda status, reason: self.exits.append((status, reason)),
        )

    async def _load(
        self, partitions: Sequence[int], wanted: Callable[[], bool]
    ) -> Mapping[int, PartitionProgress]:
        self.loads.append(list(partitions))
        self.flow_during_load.append(self.group.flow_active)
        action, self.during_load = self.during_load, lambda: None
        action()
        await asyncio.sleep(0)
        if not wanted():
            raise AssignmentChanged("too late")
        loaded = {}
        for partition in partitions:
            loaded[partition] = PartitionProgress(partition, Journal(), input_id="", claimed=True)
            loaded[partition].next_offset = 100 * len(self.loads) + partition
        return loaded

    def rebalance_starts(self) -> None:
        self.group.rebalances += 1

    def rebalance_ends(self, *partitions: int) -> None:
        self.group.consumer_generation_id += 1
        self.group.tps = {TP(INPUT, partition) for partition in partitions}
        self.resumption.on_assigned()

    def assign(self, *partitions: int) -> None:
        self.rebalance_starts()
        self.rebalance_ends(*partitions)

    async def seek(self) -> Mapping[TP, int]:
        async def stock() -> Mapping[TP, int]:
            return dict.fromkeys(self.group.tps, 1) | {TP("other", 0): 7}

        return await self.resumption.seek(self.group, stock)


def test_reading_resumes_at_the_checkpoint_and_not_at_the_committed_offset() -> None:
    play = Play()
    play.assign(0, 2)

    offsets = asyncio.run(play.seek())

    ours = {TP(INPUT, 0): 100, TP(INPUT, 2): 102}
    assert offsets == ours | {TP("other", 0): 7}
    assert play.group.sought == [ours]
    assert play.resumption.generation == 1


def test_the_flow_is_closed_while_state_is_loaded() -> None:
    """Faust may have opened it in the middle of the rebalance."""
    play = Play()
    play.assign(0)

    asyncio.run(play.seek())

    assert play.flow_during_load == [False]
    assert play.group.flow_control.suspended


def test_a_rebalance_that_is_under_way_is_waited_for() -> None:
    play = Play()
    play.assign(0)
    play.rebalance_starts()

    async def script() -> Mapping[TP, int]:
        seeking = asyncio.create_task(play.seek())
        await play.group.wait_asked()
        assert play.loads == []
        play.rebalance_ends(1)
        return await seeking

    offsets = asyncio.run(script())

    assert play.loads == [[1]]
    assert TP(INPUT, 1) in offsets


def test_a_load_that_a_rebalance_overtakes_is_thrown_away() -> None:
    play = Play()
    play.assign(0)
    play.during_load = lambda: play.assign(1, 2)

    offsets = asyncio.run(play.seek())

    assert play.loads == [[0], [1, 2]]
    assert set(play.resumption.partitions) == {1, 2}
    assert play.resumption.generation == 2
    assert {tp for tp in offsets if tp.topic == INPUT} == {TP(INPUT, 1), TP(INPUT, 2)}


def test_a_rebalance_during_the_seek_leads_to_another_one() -> None:
    play = Play()
    play.assign(0)

    def once() -> None:
        play.group.before_seek = lambda: None
        play.assign(3)

    play.group.before_seek = once

    offsets = asyncio.run(play.seek())

    assert play.group.sought == [{TP(INPUT, 3): 203}]
    assert {tp for tp in offsets if tp.topic == INPUT} == {TP(INPUT, 3)}
    assert play.exits == []


def test_a_late_request_changes_nothing_once_records_flow() -> None:
    play = Play()
    play.assign(0)

    async def script() -> Mapping[TP, int]:
        await play.seek()
        play.group.flow_active = True
        return await play.seek()

    assert asyncio.run(script()) == {}
    assert play.loads == [[0]]
    assert len(play.group.sought) == 1


def test_a_request_before_records_flow_seeks_again_without_loading() -> None:
    """Faust asks again when it has noticed the closed flow itself; state has moved meanwhile."""
    play = Play()
    play.assign(0)

    async def script() -> Mapping[TP, int]:
        await play.seek()
        play.resumption.partitions[0].next_offset = 150
        return await play.seek()

    assert asyncio.run(script())[TP(INPUT, 0)] == 150
    assert play.loads == [[0]]


def test_two_requests_at_once_load_once() -> None:
    play = Play()
    play.assign(0)

    async def script() -> None:
        await asyncio.gather(play.seek(), play.seek())

    asyncio.run(script())

    assert play.loads == [[0]]


def test_a_rebalance_that_never_ends_is_a_replay() -> None:
    """Faust's own recovery would end for good after its request timeout."""
    play = Play()
    play.resumption._limit_s = 0.1
    play.rebalance_starts()

    asyncio.run(play.seek())

    [(status, reason)] = play.exits
    assert status == 75
    assert "could not be loaded" in reason


def test_a_cancelled_seek_does_not_block_the_next() -> None:
    play = Play()
    play.rebalance_starts()

    async def script() -> Mapping[TP, int]:
        waiting = asyncio.create_task(play.seek())
        await play.group.wait_asked()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        play.rebalance_ends(0)
        return await play.seek()

    assert asyncio.run(script())[TP(INPUT, 0)] == 100
    assert play.exits == []


def test_an_app_that_is_stopping_loads_no_partition() -> None:
    play = Play()
    play.assign(0)
    play.group.should_stop = True

    assert asyncio.run(play.seek()) == {}
    assert play.loads == []
