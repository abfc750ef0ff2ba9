"""The reference data as registered: the newest version of every fact."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from runtime.facts.log import Fact
from schemas.topics import CAMERAS, REFERENCE_TOPICS, ZONES, Topic

STAMPS: Final = ("version", "valid_from_us", "recorded_at_us", "removed", "recorded_by")
"""Fields of a fact that say nothing of its content."""

_STAY: Final = {CAMERAS.name, ZONES.name}


class Key(NamedTuple):
    """Which fact.

    Attributes:
        topic: Its topic.
        identity: Its id.
    """

    topic: Topic
    identity: str

    def __str__(self) -> str:
        """The fact for people: `zone bay`."""
        return f"{kind_of(self.topic)} {self.identity}"


def identity_field(topic: Topic) -> str:
    """Name of the field that identifies a fact."""
    return topic.key.removesuffix("@version")


def kind_of(topic: Topic) -> str:
    """What a fact of the topic is, in one word: `zone`."""
    return identity_field(topic).removesuffix("_id")


TOPIC_OF: Final = {kind_of(topic): topic for topic in REFERENCE_TOPICS}
"""The topic of each kind of fact."""


def key_of(fact: Fact) -> Key:
    """Key of a fact."""
    return Key(fact.topic, fact.record[identity_field(fact.topic)])


@dataclass(slots=True)
class Registered:
    """The newest version of every fact, removed ones included."""

    newest: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    homes: dict[tuple[str, str], str] = field(default_factory=dict)
    """Floor of each camera and zone, by topic and identity: that of its first version."""

    def add(self, facts: Iterable[Fact]) -> None:
        """Take in facts, in the order of their topic."""
        for topic, record in facts:
            key = (topic.name, record[identity_field(topic)])
            if topic.name in _STAY and not record["removed"]:
                self.homes.setdefault(key, record["floor_id"])
            known = self.newest.get(key)
            if known is None or record["version"] >= known["version"]:
                self.newest[key] = record

    def current(self, topic: Topic) -> dict[str, dict[str, Any]]:
        """Facts of a topic that are not removed, by identity."""
        return {
            identity: record
            for (name, identity), record in self.newest.items()
            if name == topic.name and not record["removed"]
        }

    def find(self, key: Key) -> dict[str, Any] | None:
        """A fact that is not removed; None when there is none."""
        found = self.newest.get((key.topic.name, key.identity))
        return None if found is None or found["removed"] else found

    def copy(self) -> "Registered":
        """A copy that can take in more facts."""
        return Registered(dict(self.newest), dict(self.homes))
