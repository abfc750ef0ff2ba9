"""What the demo reads from the running line, the way an operator would: /metrics and offsets."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import httpx
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]
from prometheus_client.parser import text_string_to_metric_families

from runtime.errors import Retry
from runtime.kafka import answer
from runtime.settings import Settings

Labels = frozenset[tuple[str, str]]

_ANSWER_S = 30.0
_LOST_S = _ANSWER_S + 10.0
"""A broker that has just started beside everything else may take its time."""


@dataclass(slots=True)
class Scrape:
    """The samples of one process at one moment, by name and labels."""

    samples: dict[tuple[str, Labels], float] = field(default_factory=dict)

    def total(self, name: str, **labels: str) -> float:
        """Sum of all samples of a name that carry the given labels."""
        wanted = frozenset(labels.items())
        return sum(v for (n, have), v in self.samples.items() if n == name and wanted <= have)

    def by_label(self, name: str, label: str) -> dict[str, float]:
        """Sums of a name's samples by the value of one label."""
        sums: dict[str, float] = {}
        for (sample, labels), value in self.samples.items():
            if sample == name:
                key = dict(labels).get(label, "")
                sums[key] = sums.get(key, 0.0) + value
        return sums

    def labels_of(self, name: str) -> dict[str, str]:
        """Labels of the first sample of a name."""
        return next((dict(labels) for sample, labels in self.samples if sample == name), {})

    def quantile(self, name: str, fraction: float, earlier: "Scrape | None" = None) -> float | None:
        """Quantile of a histogram's observations since an earlier scrape, linear in a bucket.

        Args:
            name: Histogram name without suffix.
            fraction: 0 to 1.
            earlier: Subtract what it had counted; None for all.

        Returns:
            In the histogram's unit; None without observations.
        """
        buckets = self.by_label(f"{name}_bucket", "le")
        before = earlier.by_label(f"{name}_bucket", "le") if earlier else {}
        counts = sorted((float(le), value - before.get(le, 0.0)) for le, value in buckets.items())
        if not counts or counts[-1][1] <= 0:
            return None
        rank = fraction * counts[-1][1]
        lower, below = 0.0, 0.0
        for upper, cumulative in counts:
            if cumulative >= rank:
                if upper == float("inf"):
                    return lower
                inside = cumulative - below
                return lower + (upper - lower) * ((rank - below) / inside if inside else 1.0)
            lower, below = upper, cumulative
        return lower


def scrape(port: int, timeout_s: float = 1.0) -> Scrape | None:
    """Read a process's /metrics; None when it does not answer."""
    try:
        answer = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=timeout_s)
        answer.raise_for_status()
    except httpx.HTTPError:
        return None
    result = Scrape()
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            result.samples[sample.name, frozenset(sample.labels.items())] = sample.value
    return result


class LagProbe:
    """How far consumer groups are behind the ends of their topics, in records."""

    def __init__(self, settings: Settings) -> None:
        self._bootstrap = settings.kafka_bootstrap
        self._admin = AdminClient({"bootstrap.servers": self._bootstrap, "log_level": 3})

    def ends(self, topics: Mapping[str, int]) -> dict[tuple[str, int], int]:
        """End offset of every partition that holds anything, by topic and partition.

        Args:
            topics: Number of partitions by physical name.

        Raises:
            Retry: The broker is out of reach.
        """
        wanted = {
            TopicPartition(topic, partition): OffsetSpec.latest()  # type: ignore[no-untyped-call]
            for topic, partitions in topics.items()
            for partition in range(partitions)
        }
        try:
            answers = self._admin.list_offsets(wanted, request_timeout=_ANSWER_S)
            found = {(p.topic, p.partition): answer(asked, _LOST_S) for p, asked in answers.items()}
        except KafkaException as exc:
            # After a restart of the broker this client would ask by the old leader epoch on.
            self._admin = AdminClient({"bootstrap.servers": self._bootstrap, "log_level": 3})
            msg = f"ends of topics: {exc.args[0].str()}"
            raise Retry(msg) from exc
        return {where: end.offset for where, end in found.items() if end.offset > 0}

    def lag(self, group: str, ends: Mapping[tuple[str, int], int]) -> int:
        """Records between a group's committed offsets and the ends."""
        where = [TopicPartition(topic, partition) for topic, partition in ends]
        if not where:
            return 0
        request = [ConsumerGroupTopicPartitions(group, where)]
        try:
            asked = self._admin.list_consumer_group_offsets(request, request_timeout=_ANSWER_S)
            found = asked[group].result(timeout=_LOST_S)
        except KafkaException:
            return sum(ends.values())
        except TimeoutError:
            # A question that stood open when the broker was killed is never answered.
            self._admin = AdminClient({"bootstrap.servers": self._bootstrap, "log_level": 3})
            return sum(ends.values())
        return sum(
            max(0, ends[p.topic, p.partition] - max(0, p.offset))
            for p in found.topic_partitions or []
        )


def ends_of(
    ends: Mapping[tuple[str, int], int], topics: Iterable[str]
) -> dict[tuple[str, int], int]:
    """The ends of some topics only."""
    wanted = set(topics)
    return {where: end for where, end in ends.items() if where[0] in wanted}
