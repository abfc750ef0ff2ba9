"""What an edit asks for, and what comes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from runtime.errors import Retry
from runtime.facts.log import Fact
from workers.registry.preview import Effect
from workers.registry.registered import Key, key_of
from workers.registry.row import Row


@dataclass(frozen=True, slots=True)
class Put:
    """Register a fact as a row says, or change it so."""

    row: Row


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove a fact."""

    key: Key


@dataclass(frozen=True, slots=True)
class Restore:
    """Bring back the content of an earlier version.

    Attributes:
        key: The fact.
        record: Its fields, with those of a version (times, author) or without.
    """

    key: Key
    record: Mapping[str, Any]


Wanted: TypeAlias = Put | Remove | Restore


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where an edit comes from.

    Attributes:
        author: The authenticated subject, or the user of a command.
        name: Name of the author, for those who read the history; empty when it is not known.
        via: `api`, `command` or `takeover`.
        note: Why, in the author's words; may be empty.
        reverses: Id of the edit that it undoes; None for any other.
        recorded_at_us: When its facts were recorded, UTC microseconds, for recorded material whose
            events have not been processed yet; None for just before they are appended.
        valid_from_us: Start of their validity, UTC microseconds; None for the time of recording.
    """

    author: str
    name: str = ""
    via: str = "api"
    note: str = ""
    reverses: int | None = None
    recorded_at_us: int | None = None
    valid_from_us: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What an edit did, or would do.

    Attributes:
        edit_id: Its id; None where nothing changed, and for a dry run.
        facts: The new versions, in order; their times are not final before the relay has appended
            them.
        effects: What happened to each fact, for people and programs.
        notes: What is odd and was taken, in sentences.
    """

    edit_id: int | None
    facts: Sequence[Fact]
    effects: Sequence[Effect]
    notes: Sequence[str]

    def record(self, key: Key) -> dict[str, Any] | None:
        """The new version of a fact; None where the edit made none."""
        found = [fact for fact in self.facts if key_of(fact) == key]
        return found[-1].record if found else None


class Conflict(Exception):
    """A fact is not at the version that the editor saw.

    Attributes:
        current: The newest version of each fact that differs; None where it is not registered.
    """

    def __init__(self, current: Mapping[Key, Mapping[str, Any] | None]) -> None:
        self.current = dict(current)
        names = ", ".join(
            f"{key} is {'not registered' if now is None else 'at version ' + str(now['version'])}"
            for key, now in self.current.items()
        )
        super().__init__(f"somebody changed this meanwhile: {names}")


class NotTakenOver(Retry):
    """The database does not yet hold what the topics held before; `wardstream relay` sees to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a fact, as it was edited.

    Attributes:
        key: The fact.
        record: Its fields with version, times and author; the times are 0 before the relay has
            first appended it.
        edit_id: The edit that made it.
        edited_by: Its author.
        edited_by_name: Name of the author then; empty when it was not known.
        edited_at_us: When, UTC microseconds.
        appended_at_us: When the relay had appended it, UTC microseconds; None while it waits.
        reason: Why, in the words of the author of the edit; may be empty.
    """

    key: Key
    record: dict[str, Any]
    edit_id: int
    edited_by: str
    edited_by_name: str
    edited_at_us: int
    appended_at_us: int | None
    reason: str = ""

    @property
    def version(self) -> int:
        """Its number."""
        number: int = self.record["version"]
        return number

    @property
    def removed(self) -> bool:
        """Whether the fact was removed."""
        return bool(self.record["removed"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One edit.

    Attributes:
        edit_id: Its id; ids rise.
        author: The authenticated subject, or the user of a command.
        at_us: When, UTC microseconds.
        via: `api`, `command` or `takeover`.
        note: Why, in the author's words.
        reverses: Id of the edit that it undoes.
        appended_at_us: When the relay had appended it, UTC microseconds; None while it waits.
        keys: The facts that it made versions of, the first hundred.
        versions: Number of its versions.
    """

    edit_id: int
    author: str
    at_us: int
    via: str
    note: str
    reverses: int | None
    appended_at_us: int | None
    keys: Sequence[Key] = field(default_factory=tuple)
    versions: int = 0
