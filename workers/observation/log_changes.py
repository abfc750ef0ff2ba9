"""Findings about Kafka itself: records that expired unread, and topics that were altered."""

from itertools import groupby
from typing import Final

from workers.observation.finding import Finding
from workers.observation.signs import Signs

LOST: Final = {
    "infer": "Pictures were lost before people were looked for in them",
    "sink-redis": "The board has missed some changes",
    "sink-timescale": "History lacks records",
}
"""Text by name of the process whose input has lost records."""

_NAMED: Final = 3


def log_changes(signs: Signs) -> list[Finding]:
    """Findings about lost records, by process, and about topics that differ from their table."""
    found = []
    losses = sorted(signs.losses, key=lambda loss: (loss.process, loss.since_us))
    for process, some in groupby(losses, key=lambda loss: loss.process):
        lost = list(some)
        found.append(
            Finding(
                key=f"loss/stage/{process}",
                tier="WARNING",
                what=LOST.get(process, f"Records were lost that {process} had not read"),
                since_us=lost[0].since_us,
                value=float(sum(loss.records for loss in lost)),
                threshold=1.0,
                unit="records",
                next_action=f"{_first([loss.text for loss in lost])}; when you have dealt with it: "
                "`wardstream dlq list`, `wardstream dlq resolve --why …`",
            )
        )
    if signs.topics:
        found.append(
            Finding(
                key="settings/log",
                tier="WARNING",
                what="A topic is not kept as it must be",
                since_us=signs.now_us,
                value=float(len(signs.topics)),
                threshold=1.0,
                unit="differences",
                next_action=f"{_first(signs.topics)}; set it back: no process starts before that",
            )
        )
    return found


def _first(texts: list[str] | tuple[str, ...]) -> str:
    """The first few of some texts, and how many more there are."""
    more = f"; and {len(texts) - _NAMED} more" if len(texts) > _NAMED else ""
    return "; ".join(texts[:_NAMED]) + more
