"""The records that the fold sends."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol, Self

from schemas.topics import Topic


class Arrays(Protocol):
    """A record that is kept as arrays.

    The many boxes and people of a busy ward are encoded straight from arrays, without a
    dictionary for each.
    """

    def record(self) -> Mapping[str, Any]:
        """The record on the wire."""
        ...

    def _replace(self, *, seq: int) -> Self: ...


Content = Arrays | Mapping[str, Any]
"""The value of an output: a record, or its arrays."""


class Output(NamedTuple):  # noqa: PLW1641 - dictionaries have no hash either
    """One record to send.

    Attributes:
        topic: Topic that it goes to.
        key: Record key.
        content: Record value; its `seq` rises by one for each key of the topic.
    """

    topic: Topic
    key: str
    content: Content

    @property
    def record(self) -> Mapping[str, Any]:
        """The value as the record on the wire."""
        return self.content if isinstance(self.content, Mapping) else self.content.record()

    def numbered(self, seq: int) -> "Output":
        """A copy of the output with another seq."""
        if isinstance(self.content, Mapping):
            return self._replace(content={**self.content, "seq": seq})
        return self._replace(content=self.content._replace(seq=seq))

    def __eq__(self, other: object) -> bool:
        """Equal when they are the same records on the wire."""
        return isinstance(other, Output) and (self.topic, self.key, self.record) == (
            other.topic,
            other.key,
            other.record,
        )

    def __ne__(self, other: object) -> bool:
        return not self == other
