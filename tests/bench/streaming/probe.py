"""What is read from outside: processor time and memory of a process, ends of logs."""

import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from runtime.process.settings import Settings
from schemas.topics import Topic
from tests.support.clusters import LOGGED, cluster_of

PATIENCE_S = 60.0
"""How long a broker without answers is asked again."""

_TICK_S = 1.0 / os.sysconf("SC_CLK_TCK")


def cpu_s(pid: int) -> float:
    """Processor time of a process so far, all threads, user and system, seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_S


def cpu_of_threads(pid: int) -> dict[str, float]:
    """Processor time by name of thread, seconds; threads of one name together."""
    found: dict[str, float] = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        text = (task / "stat").read_text()
        name = text[text.index("(") + 1 : text.rindex(")")]
        fields = text.rpartition(")")[2].split()
        found[name] = found.get(name, 0.0) + (int(fields[11]) + int(fields[12])) * _TICK_S
    return found


def thread_time_s(pid: int) -> float:
    """Processor time of the threads that a process has now, to the nanosecond, seconds."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def resident_mb(pid: int) -> float:
    """Memory that a process alone holds (private), MB."""
    total = 0
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Private_"):
            total += int(line.split()[1])
    return total / 1024


class Ends:
    """Asks the broker how many records topics hold."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._admin = AdminClient({**LOGGED, "bootstrap.servers": settings.kafka_bootstrap})

    def records(self, topic: Topic, partitions: Sequence[int] | None = None) -> int:
        """Sum of the end offsets of a topic's partitions, or of some of them."""
        name = cluster_of(self._settings).name(topic)
        wanted = range(topic.partitions) if partitions is None else partitions
        deadline_s = time.monotonic() + PATIENCE_S
        while True:
            try:
                return self._records(name, wanted)
            except KafkaException:  # a busy broker may lose its leaders for a moment
                if time.monotonic() > deadline_s:
                    raise
                time.sleep(0.5)

    def _records(self, name: str, wanted: Iterable[int]) -> int:
        newest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        asked = {TopicPartition(name, number): newest for number in wanted}
        answers = self._admin.list_offsets(asked, request_timeout=30)
        return sum(future.result().offset for future in answers.values())
