"""Fold a partition again, from a checkpoint to an offset, into topics and tables of the rebuild.

It is the fold of the pipeline, with the same settings at the same offsets. Only the reference data
differs: it is used as it is recorded now. Reads of badges are taken in by the ticks that took them
in before, or by those that should have.
"""

from collections import Counter
from collections.abc import Callable

from runtime.checkpoints import OutputRecord
from runtime.errors import Stop
from runtime.facts.log import FactLog
from runtime.kafka.cluster import Cluster
from runtime.kafka.producer import ReliableProducer
from runtime.kafka.reader import read_between, spans
from schemas.topics import DETECTIONS, FOLDED_TOPICS, TOPICS, TRACKS
from streams.domain.facts.timeline import Facts
from streams.domain.facts.versions import visible_as_of
from streams.domain.settings import PipelineSettings
from streams.processor.evidence_source import EvidenceSource
from streams.processor.fact_source import FactSource
from streams.processor.pipeline_fold import Wire
from streams.processor.replay import Folds, PartitionReplay
from streams.stage import OUTPUTS
from streams.state.progress import progress_of
from workers.operations.rebuild.bounds import Folded
from workers.operations.rebuild.plan import PartitionPlan, Planner
from workers.sinks.timescale.sink import TimescaleSink
from workers.storage.item import Item, read_item

BATCH = 2_000
"""Records that are written as rows at once."""


class FactsAsOf(FactSource):
    """The reference data as it was recorded when the rebuild began.

    Args:
        cluster: Where the topics are.

    Raises:
        Retry: Broker or registry are out of reach.
        Stop: A topic of reference data holds something that is not a fact.
    """

    def __init__(self, cluster: Cluster) -> None:
        log = FactLog(cluster, FOLDED_TOPICS)
        super().__init__(log, cluster.clock, visible_as_of)
        self.refresh()
        log.close()

    def ensure(self, at_us: int) -> Facts:  # noqa: ARG002 - what was read is what there is
        """The facts, whatever the event time."""
        return self.facts


class Folding:
    """Folds partitions of one rebuild.

    Args:
        cluster: The pipeline's topics.
        run: The rebuild's topics, where records go.
        settings: Settings of a fold whose checkpoint names none.
        sink: Where rows go.
        facts: Reference data as it is recorded now.
        heard: Called with partition and offset after each batch of rows.
    """

    def __init__(
        self,
        cluster: Cluster,
        run: Cluster,
        settings: PipelineSettings,
        sink: TimescaleSink,
        facts: FactsAsOf,
        heard: Callable[[int, int], None] = lambda _partition, _offset: None,
    ) -> None:
        wire = Wire(run)
        self._cluster = cluster
        self._folds = Folds(
            wire=wire,
            facts=facts,
            evidence=EvidenceSource(cluster),
            settings=settings,
            clock=cluster.clock,
        )
        self._names = {name: topic for topic, (name, _) in wire.outputs.items()}
        self._codecs = {topic.name: cluster.registry.reader(topic) for topic in OUTPUTS}
        self._producer = ReliableProducer(run)
        self._sink = sink
        self._heard = heard

    def fold(self, plan: PartitionPlan, planner: Planner) -> Folded:
        """Fold one partition.

        After a rebuild was killed, what it had written is written again with the same bytes, and
        the tables keep it once.

        Raises:
            Retry: Broker, registry, database or object store are out of reach.
            Stop: A state or setting cannot be read, or the detections are gone.
            CheckpointDamaged: The archived checkpoint was altered.
        """
        items: list[Item] = []
        first_us: dict[str, int] = {}
        records: Counter[str] = Counter()
        dead_letters: Counter[str] = Counter()

        def emit(record: OutputRecord) -> None:
            topic, key, value, partition, headers = record
            name = self._names.get(topic)
            if name is None or key is None or value is None:
                dead_letters[dict(headers or []).get("reason", b"unknown").decode()] += 1
                return
            self._producer.produce(topic, key=key, value=value, partition=partition or 0)
            records[name] += 1
            if TOPICS[name].mirrors is not None:
                return
            item = read_item(self._codecs[name], topic, partition or 0, -1, key, value)
            if name == TRACKS.name:
                first_us.setdefault(item.key, item.record["captured_us"])
            items.append(item)

        replay = PartitionReplay(
            self._folds,
            plan.partition,
            emit,
            start=plan.start,
            checkpoint=planner.checkpoint(plan),
            spans=plan.spans,
        )
        for message in read_between(
            self._cluster, DETECTIONS, plan.partition, plan.start, plan.end
        ):
            if replay.next_offset == plan.start and (message.offset() or 0) > plan.start:
                self._check_held(plan)
            replay.advance(message)
            if len(items) >= BATCH:
                self._sink.write(items)
                items.clear()
                self._heard(plan.partition, replay.next_offset)
        if items:
            self._sink.write(items)
        self._producer.flush()
        if replay.next_offset == plan.start:
            self._check_held(plan)
        progress = progress_of(plan.partition, replay.states())
        return Folded(progress, first_us, dict(records), dict(dead_letters))

    def _check_held(self, plan: PartitionPlan) -> None:
        """Check that retention has not deleted the offset where the fold begins.

        Raises:
            Stop: The first detections have expired since the plan was made.
        """
        start, _ = spans(self._cluster, DETECTIONS, [plan.partition]).get(
            plan.partition, (plan.end, plan.end)
        )
        if start > plan.start:
            raise Stop(
                f"{DETECTIONS.name}[{plan.partition}] begins at {start} now, {plan.start} has "
                "expired: choose a later --from"
            )
