"""Time zones that a calendar defines, looked at before the library computes their changes.

The library walks through every change of a zone at once. A rule of real time zones gives one or two
changes a year; one that gives a change each second would keep it busy for hours.
"""

import re
from collections.abc import Iterator
from typing import Final

from workers.registry.tables import BadTable
from workers.registry.text import shown

_FOLDED: Final = re.compile(r"(?:\r\n|\r|\n)[ \t]")
_PARTS: Final = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", "BYMONTH", "BYMONTHDAY"}
_MOST_CHANGES: Final = 1_000
"""Lines of all time zones that give changes of the clock."""


def check_zone_rules(text: str) -> None:
    """Refuse time zones whose clocks change more often than clocks do.

    Args:
        text: The file.

    Raises:
        BadTable: A rule is not by years, or there are too many.
    """
    changes = 0
    for zone, name, value in _lines(text):
        if name in {"RRULE", "RDATE"}:
            changes += 1 + value.count(",")
        if changes > _MOST_CHANGES:
            raise BadTable(f"its time zones have more than {_MOST_CHANGES} changes of the clock")
        if name != "RRULE":
            continue
        parts = dict(part.partition("=")[::2] for part in value.upper().split(";") if part)
        if parts.get("FREQ") != "YEARLY" or set(parts) - _PARTS or "," in parts.get("BYDAY", ""):
            raise BadTable(
                f"the time zone {shown(zone)} has the rule {shown(value)}: a clock changes on "
                "one day of a month each year"
            )


def _lines(text: str) -> Iterator[tuple[str, str, str]]:
    """The name of each time zone with the name and value of each of its lines."""
    zone: str | None = None
    for line in re.split(r"[\r\n]+", _FOLDED.sub("", text)):
        head, _, value = line.partition(":")
        name, value = head.partition(";")[0].strip().upper(), value.strip()
        if (name, value.upper()) == ("BEGIN", "VTIMEZONE"):
            zone = ""
        elif (name, value.upper()) == ("END", "VTIMEZONE"):
            zone = None
        elif zone is not None:
            zone = value if name == "TZID" else zone
            yield zone, name, value
