"""What rules would have done, per shift and tier, with examples."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from statistics import median
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from workers.simulation.simulation import Decided

SHIFTS: Final = (time(7), time(15), time(23))
"""When the shifts of a day begin, on the clock of the site, if nobody says otherwise."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_URGENCY: Final = ("PAGE", "WARNING", "NOTICE")


class Burden(NamedTuple):
    """What one rule would have asked of one shift.

    Attributes:
        tier: Tier of its alerts.
        rule_id: The rule.
        shift: When the shift begins and ends, such as `07:00-15:00`.
        opened: Alerts that were opened.
        paged: Of these, those that would have paged when they were opened or later.
        held_back: Of these, those that paged nobody, by why: the most frequent doubt first.
        repeated: How often alerts were repeated.
        suppressed: Breaches that were not reported because an alert had just been closed.
        median_s: How long alerts lasted, s; None where none was closed.
    """

    tier: str
    rule_id: str
    shift: str
    opened: int
    paged: int
    held_back: list[tuple[str, int]]
    repeated: int
    suppressed: int
    median_s: float | None


class Report:
    """Gathers decisions by rule and shift.

    Args:
        time_zones: IANA name of the time zone of each floor.
        shifts: When the shifts of a day begin.
        examples: How many alerts of each rule are kept as examples.
    """

    def __init__(
        self,
        time_zones: Mapping[str, str],
        shifts: Sequence[time] = SHIFTS,
        examples: int = 3,
    ) -> None:
        self._time_zones = time_zones
        self._shifts = sorted(shifts)
        self._examples = examples
        self._alerts: dict[tuple[str, int], list[Decided]] = {}

    def take(self, decided: Iterable[Decided]) -> None:
        """Take in decisions."""
        for one in decided:
            key = one.alert["alert_id"], one.alert["opened_us"]
            self._alerts.setdefault(key, []).append(one)

    def burdens(self) -> list[Burden]:
        """What each rule would have asked of each shift, the most urgent tier first."""
        groups: dict[tuple[str, str, str], list[list[Decided]]] = {}
        for alert in self._alerts.values():
            first = alert[0]
            shift = self._shift(first.floor_id, first.alert["opened_us"])
            key = first.alert["tier"], first.alert["rule_id"], shift
            groups.setdefault(key, []).append(alert)
        found = [_burden(*key, alerts) for key, alerts in groups.items()]
        return sorted(found, key=lambda one: (_rank(one.tier), one.rule_id, one.shift))

    def examples(self) -> Iterator[tuple[str, Decided]]:
        """The first alerts of each rule: its local time, and how it was opened."""
        shown: dict[str, int] = {}
        for alert in sorted(self._alerts.values(), key=lambda one: one[0].alert["opened_us"]):
            first = alert[0]
            rule_id = first.alert["rule_id"]
            shown[rule_id] = shown.get(rule_id, 0) + 1
            if shown[rule_id] <= self._examples:
                at = self._local(first.floor_id, first.alert["opened_us"])
                yield f"{at:%Y-%m-%d %H:%M:%S %Z}", first

    def _local(self, floor_id: str, at_us: int) -> datetime:
        zone = ZoneInfo(self._time_zones.get(floor_id, "UTC"))
        return (_EPOCH + timedelta(microseconds=at_us)).astimezone(zone)

    def _shift(self, floor_id: str, at_us: int) -> str:
        at = self._local(floor_id, at_us).time()
        number = sum(one <= at for one in self._shifts) - 1
        starts = self._shifts[number]
        ends = self._shifts[(number + 1) % len(self._shifts)]
        return f"{starts:%H:%M}-{ends:%H:%M}"


def example_of(at: str, decided: Decided) -> str:
    """An example in a sentence."""
    alert = decided.alert
    what = alert["kind"].lower().replace("_", " ")
    where = f"zone {alert['zone_id']}" if alert["zone_id"] else f"floor {decided.floor_id}"
    figure = str(alert["figure_min"])
    if alert["figure_max"] != alert["figure_min"]:
        figure += f" to {alert['figure_max']}"
    lasted_s = (alert["opened_us"] - alert["since_us"]) / 1e6
    doubts = ", ".join(alert["held_back_by"]).lower().replace("_", " ")
    pages = "pages" if alert["pages"] else f"pages nobody: {doubts}"
    role = f" of {alert['role']}" if alert["role"] else ""
    return f"{at} {where}: {what}{role} {figure}, for {lasted_s:.0f} s before; {pages}"


def row_of(burden: Burden) -> dict[str, Any]:
    """A burden for programs."""
    return {**burden._asdict(), "held_back": dict(burden.held_back)}


def _burden(tier: str, rule_id: str, shift: str, alerts: Sequence[Sequence[Decided]]) -> Burden:
    opened = [one[0].alert for one in alerts if one[0].alert["action"] == "OPENED"]
    paged = 0
    doubts: dict[str, int] = {}
    lasted_s: list[float] = []
    for alert in alerts:
        own = [one.alert for one in alert]
        if any(one["pages"] for one in own):
            paged += 1
        else:
            for doubt in own[0]["held_back_by"]:
                doubts[doubt] = doubts.get(doubt, 0) + 1
        if own[-1]["action"] == "CLOSED":
            lasted_s.append((own[-1]["decided_us"] - own[-1]["opened_us"]) / 1e6)
    return Burden(
        tier,
        rule_id,
        shift,
        len(opened),
        paged,
        sorted(doubts.items(), key=lambda one: (-one[1], one[0])),
        sum(one.alert["action"] == "CHANGED" for alert in alerts for one in alert),
        sum(alert["suppressed"] for alert in opened),
        median(lasted_s) if lasted_s else None,
    )


def _rank(tier: str) -> int:
    return _URGENCY.index(tier) if tier in _URGENCY else len(_URGENCY)
