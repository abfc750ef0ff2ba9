"""Findings of the log itself: what it lost unread, and topics that are not as they were made."""

from itertools import groupby
from typing import Final

from workers.observation.finding import Finding
from workers.observation.signs import Signs

LOST: Final = {
    "infer": "Pictures were lost before anybody looked for people in them",
    "sink-redis": "The board was not told of everything",
    "sink-timescale": "History lacks records",
}
"""By name of the process whose input has lost records."""

_NAMED: Final = 3


def log_changes(signs: Signs) -> list[Finding]:
    """What the log lost, by process, and what its topics are not."""
    found = []
    losses = sorted(signs.losses, key=lambda loss: (loss.process, loss.since_us))
    for process, some in groupby(losses, key=lambda loss: loss.process):
        lost = list(some)
        found.append(
            Finding(
                key=f"loss/stage/{process}",
                tier="WARNING",
                what=LOST.get(process, f"The log lost records that {process} had not read"),
                since_us=lost[0].since_us,
                value=float(sum(loss.records for loss in lost)),
                threshold=1.0,
                unit="records",
                next_action=f"{_first([loss.words for loss in lost])}; when you have seen to it: "
                "`wardstream dlq list`, `wardstream dlq resolve --why …`",
            )
        )
    if signs.topics:
        found.append(
            Finding(
                key="settings/log",
                tier="WARNING",
                what="The line's log is not kept as it must be",
                since_us=signs.now_us,
                value=float(len(signs.topics)),
                threshold=1.0,
                unit="differences",
                next_action=f"{_first(signs.topics)}; set it back: no process begins before",
            )
        )
    return found


def _first(words: list[str] | tuple[str, ...]) -> str:
    """The first few of what is to be told."""
    more = f"; and {len(words) - _NAMED} more" if len(words) > _NAMED else ""
    return "; ".join(words[:_NAMED]) + more
