"""A registry and facts that a fold asks for, with nothing behind them."""

from schemas.codec import schema_text
from schemas.registry import SchemaRegistry
from schemas.topics import DETECTIONS, Topic
from streams.domain.facts.timeline import Facts
from streams.processor.fact_source import FactSource


class SourceSchemas(SchemaRegistry):
    """The schemas of this source tree, with no registry to ask; detections alone are read."""

    def lookup(self, topic: Topic) -> int:
        return 1

    def find(self, schema_id: int) -> str:
        return schema_text(DETECTIONS)


class KnownFacts(FactSource):
    """Facts that need no reading."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts

    def ensure(self, at_us: int) -> Facts:
        return self.facts


SCHEMAS = SourceSchemas("http://localhost:1")
