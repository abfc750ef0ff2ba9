"""A fold of one partition in memory, and the records that it is given."""

from collections.abc import Sequence

from runtime.checkpoints import OutputRecord, Record
from runtime.clock import SystemClock
from runtime.process.settings import Settings
from schemas.records.evidence import BadgeRead
from schemas.records.frames import DetectionOutcome
from schemas.topics import DETECTIONS
from streams.domain.facts.timeline import Facts
from streams.domain.settings import PipelineSettings
from streams.processor.pipeline_fold import PipelineFold, Wire
from tests.support.builders.domain import MS
from tests.support.clusters import cluster_of
from tests.support.fakes import SCHEMAS, KnownEvidence, KnownFacts

IDENTITY = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]


def fold_of(facts: Facts, reads: Sequence[BadgeRead] = ()) -> tuple[PipelineFold, list[str]]:
    """A fold, and the topics to which it emits."""
    emitted: list[str] = []

    def emit(output: OutputRecord) -> None:
        emitted.append(output.topic)

    fold = PipelineFold(
        0,
        emit,
        wire=Wire(cluster_of(Settings(topic_prefix=""), registry=SCHEMAS)),
        facts=KnownFacts(facts),
        evidence=KnownEvidence({0: reads}),
        settings=PipelineSettings(),
        clock=SystemClock(),
    )
    return fold, emitted


def record(event: DetectionOutcome) -> Record:
    value = SCHEMAS.writer(DETECTIONS).encode(event)
    key, appended_ms = event["camera_id"].encode(), max(event["captured_us"] // MS, 0)
    return Record(DETECTIONS.name, 0, 0, key, value, appended_ms, [])
