"""Fold a partition again, from a checkpoint to an offset, into topics and tables of the run.

It is the fold of the line, with the same settings at the same offsets. Only the side inputs are
read in hindsight: as they are now recorded.
"""

from collections import Counter
from collections.abc import Callable

from runtime.checkpoints import EntityState, Record
from runtime.errors import Stop
from runtime.facts.log import FactLog
from runtime.kafka.cluster import Cluster
from runtime.kafka.producer import ReliableProducer
from runtime.kafka.reader import read_between, spans
from schemas.topics import DETECTIONS, TOPICS, TRACKS
from streams.domain.facts.timeline import Facts, visible_as_of
from streams.domain.settings import PipelineSettings
from streams.processor.fact_source import FactSource
from streams.processor.pipeline_fold import PipelineFold, Wire
from streams.stage import OUTPUTS
from streams.state.progress import progress_of
from streams.state.reading import without_handover
from workers.operations.rebuild.bounds import Folded
from workers.operations.rebuild.plan import PartitionPlan, Planner
from workers.sinks.timescale.sink import TimescaleSink
from workers.storage.item import Item, read_item

BATCH = 2_000
"""Records that are written as rows at once."""


class FactsAsOf(FactSource):
    """The side inputs as they were recorded when the rebuild began; they are not read on.

    Args:
        cluster: Where the topics are.

    Raises:
        Retry: Broker or registry are out of reach.
        Stop: A side input holds what is no fact.
    """

    def __init__(self, cluster: Cluster) -> None:
        log = FactLog(cluster)
        super().__init__(log, cluster.clock, visible_as_of)
        self.refresh()
        log.close()

    def ensure(self, at_us: int) -> Facts:  # noqa: ARG002 - what was read is what there is
        """The facts, whatever the event time."""
        return self.facts


class Folding:
    """Folds partitions of one rebuild.

    Args:
        cluster: Of the line.
        run: The same, under the prefix of the rebuild: where records go.
        settings: What the fold is told.
        sink: Where rows go.
        facts: In hindsight.
        heard: Told the offset now and then.
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
        self._cluster = cluster
        registry = cluster.registry
        self._wire = Wire(run)
        self._names = {name: topic for topic, (name, _) in self._wire.outputs.items()}
        self._codecs = {topic.name: registry.reader(topic) for topic in OUTPUTS}
        self._producer = ReliableProducer(run)
        self._sink = sink
        self._facts = facts
        self._settings = settings
        self._heard = heard

    def fold(self, plan: PartitionPlan, planner: Planner) -> Folded:
        """Fold one partition.

        What was written before a rebuild was killed comes again with the same bytes, and the
        tables take it once.

        Raises:
            Retry: Broker, registry, database or object store are out of reach.
            Stop: A state or setting cannot be read, or the detections are gone.
            CheckpointDamaged: The archived checkpoint was altered.
        """
        items: list[Item] = []
        first_us: dict[str, int] = {}
        records: Counter[str] = Counter()
        letters: Counter[str] = Counter()

        def emit(
            topic: str,
            key: bytes | None,
            value: bytes | None,
            partition: int | None = None,
            headers: list[tuple[str, bytes]] | None = None,
        ) -> None:
            name = self._names.get(topic)
            if name is None or key is None or value is None:
                letters[dict(headers or []).get("reason", b"unknown").decode()] += 1
                return
            self._producer.produce(topic, key=key, value=value, partition=partition or 0)
            records[name] += 1
            if TOPICS[name].mirrors is not None:
                return
            item = read_item(self._codecs[name], topic, partition or 0, -1, key, value)
            if name == TRACKS.name:
                first_us.setdefault(item.key, item.record["captured_us"])
            items.append(item)

        fold = PipelineFold(
            plan.partition,
            emit,
            wire=self._wire,
            facts=self._facts,
            settings=self._settings,
            clock=self._cluster.clock,
        )
        entities: dict[bytes, EntityState] = {}
        checkpoint = planner.checkpoint(plan)
        if checkpoint is not None:
            checkpoint = without_handover(checkpoint)
            fold.restore(checkpoint)
            entities.update(checkpoint.entities)
        fold.follow(plan.spans, plan.begin)
        reached = plan.begin
        for message in read_between(
            self._cluster, DETECTIONS, plan.partition, plan.begin, plan.end
        ):
            offset = message.offset() or 0
            if reached == plan.begin and offset > plan.begin:
                self._check_held(plan)
            reached = offset + 1
            fold.advance(
                Record(
                    topic=message.topic() or "",
                    partition=plan.partition,
                    offset=reached - 1,
                    key=_bytes(message.key()),
                    value=_bytes(message.value()),
                    timestamp_ms=message.timestamp()[1],
                    headers=(),
                )
            )
            if len(items) >= BATCH:
                self._sink.write(items)
                items.clear()
                self._heard(plan.partition, reached)
        if items:
            self._sink.write(items)
        self._producer.flush()
        entities.update({key: state for key, state in fold.changed().items() if state is not None})
        if reached == plan.begin:
            self._check_held(plan)
        return Folded(progress_of(plan.partition, entities), first_us, dict(records), dict(letters))

    def _check_held(self, plan: PartitionPlan) -> None:
        """The log must reach back to where the fold begins: a hole is none, retention is one.

        Raises:
            Stop: What comes first has expired since the plan was made.
        """
        start, _ = spans(self._cluster, DETECTIONS, [plan.partition]).get(
            plan.partition, (plan.end, plan.end)
        )
        if start > plan.begin:
            msg = (
                f"{DETECTIONS.name}[{plan.partition}] begins at {start} now, {plan.begin} has "
                "expired: choose a later --from"
            )
            raise Stop(msg)


def _bytes(data: bytes | str | None) -> bytes | None:
    return data.encode() if isinstance(data, str) else data
