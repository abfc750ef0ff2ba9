"""Whether the pipeline has processed all of a run: decided by offsets, stage after stage.

Each stage has settled when its committed position is at the end of its topics, as read after the
stage before it had settled: whatever that one wrote by then is below this end.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from deploy.local.supervisor import Supervisor
from runtime.clock import Clock
from runtime.errors import Retry
from runtime.kafka.cluster import Cluster
from runtime.kafka.lag import LogProbe
from schemas.topics import DERIVED_TOPICS, DETECTIONS, FRAMES, LIVE_TOPICS, Topic
from workers.local.demo.probes import scrape
from workers.operations.verification.committed import folded_offsets
from workers.stages import INFERENCE, SINK_REDIS, SINK_TIMESCALE

POLL_S = 0.3
REPORT_S = 10.0
"""What is waited for is reported this often, s."""
ANSWER_S = 10.0
"""Longest wait for an answer of the broker, s: it is asked again."""
STALL_S = 60.0
"""Waiting ends after this long without a step of any stage, s."""

Offsets = Mapping[tuple[str, int], int]


class Standing(NamedTuple):
    """How far one stage has come.

    Attributes:
        process: Name of the process.
        at: Its position by topic and partition, where it has not reached the end.
        ends: The end of each of those partitions.
    """

    process: str
    at: Offsets
    ends: Offsets

    @property
    def behind(self) -> int:
        """Records that it has yet to process."""
        return sum(end - self.at[where] for where, end in self.ends.items())

    def text(self) -> str:
        """What it has yet to process, as text."""
        parts = [
            f"{topic}[{partition}] at offset {self.at[topic, partition]} of {end}"
            for (topic, partition), end in sorted(self.ends.items())
        ]
        more = f" and {len(parts) - 3} more partitions" if len(parts) > 3 else ""
        return f"{self.behind} records are not processed ({', '.join(parts[:3])}{more})"


def standing(process: str, committed: Offsets, ends: Offsets) -> Standing:
    """Compare a stage's positions with the ends of its topics.

    Args:
        process: Name of the process.
        committed: Its positions; 0 where it has none.
        ends: Ends of its topics.
    """
    left = {where: end for where, end in ends.items() if committed.get(where, 0) < end}
    return Standing(process, {where: committed.get(where, 0) for where in left}, left)


class Stages:
    """Reads how far every stage has come.

    Args:
        cluster: Where the topics are.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._probe = LogProbe(cluster, answer_s=ANSWER_S)

    def standings(self) -> list[Standing]:
        """Every stage, in the order of the pipeline.

        Raises:
            Retry: The broker is out of reach.
        """
        return [
            self._consumer("infer", INFERENCE, (FRAMES,)),
            self._stream(),
            self._consumer("sink-timescale", SINK_TIMESCALE, DERIVED_TOPICS),
            self._consumer("sink-redis", SINK_REDIS, LIVE_TOPICS),
        ]

    def _ends(self, topics: Sequence[Topic]) -> Offsets:
        return self._probe.ends({self._cluster.name(topic): topic.partitions for topic in topics})

    def _consumer(self, process: str, stage: str, topics: Sequence[Topic]) -> Standing:
        ends = self._ends(topics)
        return standing(process, self._probe.committed(self._cluster.group(stage), ends), ends)

    def _stream(self) -> Standing:
        ends = self._ends((DETECTIONS,))
        name = self._cluster.name(DETECTIONS)
        heads = folded_offsets(self._cluster)
        positions = {(name, partition): offset for (_, partition), offset in heads.items()}
        return standing("stream", positions, ends)


class Patience:
    """Decides how long to wait: as long as anything moves.

    Args:
        stall_s: Waiting ends after this long without a step, s.
    """

    def __init__(self, stall_s: float = STALL_S) -> None:
        self._stall_s = stall_s
        self._last: object = None
        self._moved_s: float | None = None

    def over(self, seen: object, now_s: float) -> bool:
        """Whether nothing has moved for too long.

        Args:
            seen: Positions of all stages; None where they could not be read.
            now_s: Time on the monotonic clock, s.
        """
        if self._moved_s is None or (seen is not None and seen != self._last):
            self._last, self._moved_s = seen, now_s
        return now_s - self._moved_s >= self._stall_s


def settle(
    read: Callable[[], Sequence[Standing]],
    clock: Clock,
    check: Callable[[], None],
    condition: Callable[[str], str],
    patience: Patience,
    report: Callable[[str], None],
) -> list[str]:
    """Wait until every stage has settled; returns why each other one has not, as text.

    Args:
        read: Reads how far each stage has come.
        clock: Time, and the pause between two readings.
        check: Called on every turn; raises to end the wait.
        condition: Says in what condition a process is, as text.
        patience: Decides how long to wait.
        report: Receives what is waited for, every 10 s.
    """
    report_s = clock.monotonic_s() + REPORT_S
    while True:
        found: list[Standing] | None = None
        why = ""
        try:
            found = [one for one in read() if one.ends]
        except Retry as error:
            why = f"the broker does not say how far the stages are: {error}"
        if found == []:
            return []
        check()
        now_s = clock.monotonic_s()
        if patience.over(found, now_s):
            if found is None:
                return [why]
            return [f"{one.process}: {one.text()}; {condition(one.process)}" for one in found]
        if now_s >= report_s:
            report_s = now_s + REPORT_S
            behind = [f"{one.process} ({one.behind} records)" for one in found or ()]
            report(f"waiting for {', '.join(behind)}" if behind else why)
        clock.sleep(POLL_S)


def condition_of(supervisor: Supervisor, process: str) -> str:
    """In what condition a process is, as text."""
    restarts = supervisor.restarts(process)
    again = f", started again {restarts} times" if restarts else ""
    if not supervisor.alive(process):
        return f"it does not run{again}; its last words are in {supervisor.log(process)}"
    if scrape(supervisor.metrics_port(process)) is None:
        return f"it runs{again}, but does not answer: process {supervisor.pid(process)} may hang"
    return f"it runs{again}, and its position does not move; see {supervisor.log(process)}"
