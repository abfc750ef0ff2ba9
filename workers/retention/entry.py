"""One thing that is stored: what of people it holds, for how long, why, and who sees it."""

from dataclasses import dataclass
from typing import Final, Literal

from workers.access.rights import Right

Store = Literal["Kafka", "TimescaleDB", "Redis", "files"]

DAY_S: Final = 86_400


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One topic, table, view, pattern of keys, or folder.

    Attributes:
        name: Its name in its store.
        store: Where it is.
        holds: What it holds.
        of_people: What of it is data about people; empty when nothing is.
        keep_s: Seconds after which it is deleted; None when it is not deleted by age.
        until: What ends it, where age alone does not say it: another event, or a setting; for
            what is not deleted by age, until when it stays.
        because: Why it is kept, or why for so long.
        deleted_by: Who deletes it.
        read_by: Processes that read it, where no table of rights says so.
        seen_by: Rights under which the board shows it, or what is made of it.
    """

    name: str
    store: Store
    holds: str
    because: str
    deleted_by: str
    of_people: str = ""
    keep_s: int | None = None
    until: str = ""
    read_by: tuple[str, ...] = ()
    seen_by: tuple[Right, ...] = ()

    def __post_init__(self) -> None:
        if self.keep_s is None and not self.until:
            raise ValueError(f"{self.name}: say until when it is kept")

    @property
    def kept(self) -> str:
        """For how long, in words."""
        if self.keep_s is None:
            return self.until
        return f"{span(self.keep_s)}{', ' if self.until else ''}{self.until}"


def span(seconds: float) -> str:
    """A length of time in words.

    >>> span(6 * 3600), span(30 * 86_400), span(1_800), span(86_400)
    ('6 hours', '30 days', '30 minutes', '1 day')
    """
    for unit, length_s in (("day", DAY_S), ("hour", 3_600), ("minute", 60), ("second", 1)):
        if seconds >= length_s and seconds % length_s == 0:
            count = round(seconds / length_s)
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return f"{seconds:g} seconds"
