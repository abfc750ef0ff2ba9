"""A registry and reference data for a fold, in memory."""

from collections.abc import Mapping, Sequence

from schemas.codec import schema_text
from schemas.records.evidence import BadgeRead
from schemas.registry import SchemaRegistry
from schemas.registry_client import NOT_FOUND, RegistryRefusal
from schemas.topics import TOPICS
from streams.domain.evidence.waiting import WaitingReads
from streams.domain.facts.timeline import Facts


class SourceSchemas:
    """Answers of a registry that holds the schemas of this source tree, one version each.

    Args:
        ids: Schema id by topic name; numbered in the order of the topic table when None.
    """

    def __init__(self, ids: Mapping[str, int] | None = None) -> None:
        numbered = enumerate((topic for topic in TOPICS.values() if topic.avro), 1)
        named = {topic.name: number for number, topic in numbered} if ids is None else ids
        self._ids = {TOPICS[name].subject: number for name, number in named.items()}
        self._texts = {number: schema_text(TOPICS[name]) for name, number in named.items()}

    def id_of(self, subject: str, text: str) -> int:
        number = self._ids.get(subject, 0)
        if self._texts.get(number) != text:
            raise RegistryRefusal(NOT_FOUND, f"{subject} has no such schema")
        return number

    def text_of(self, schema_id: int) -> str:
        if schema_id not in self._texts:
            raise RegistryRefusal(NOT_FOUND, f"there is no schema {schema_id}")
        return self._texts[schema_id]

    def versions(self, subject: str) -> list[int]:
        return [1] if subject in self._ids else []

    def version(self, subject: str, number: int) -> str:
        return self._texts[self._ids[subject]]

    def try_versions(self, subject: str) -> None:
        self.versions(subject)

    def set_compatibility(self, subject: str, level: str) -> None:
        raise RegistryRefusal(405, "the schemas of a source tree do not change")

    def register(self, subject: str, text: str) -> int:
        return self.id_of(subject, text)


def registry_in_memory(ids: Mapping[str, int] | None = None) -> SchemaRegistry:
    """A registry that knows the schemas of this source tree, without a network."""
    return SchemaRegistry("http://memory.invalid", requests=SourceSchemas(ids))


class KnownFacts:
    """Reference data that is known from the start."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def ensure(self, at_us: int) -> Facts:
        return self._facts

    def offsets(self) -> dict[str, int]:
        return {}


class KnownReads(WaitingReads):
    """Reads of a partition that are known from the start; those taken in before are there again."""

    def __init__(self, records: Sequence[BadgeRead] = ()) -> None:
        super().__init__()
        for offset, record in enumerate(records):
            self.add(offset, record)

    def resume(self, offsets: Mapping[str, int]) -> None:
        """All reads are there, wherever a checkpoint begins."""

    def offsets(self) -> dict[str, int]:
        return {}


class KnownEvidence:
    """Reads of badges that are known from the start, by partition."""

    def __init__(self, by_partition: Mapping[int, Sequence[BadgeRead]] | None = None) -> None:
        self._by_partition = by_partition or {}

    def partition(self, partition: int) -> KnownReads:
        return KnownReads(self._by_partition.get(partition, ()))


SCHEMAS = registry_in_memory()
