"""Wards in which more goes wrong than the settings state: floors, rates and readers that differ."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np

from streams.domain.evidence.settings import EvidenceSettings
from tests.bench.identity.scores import Scores, played, total
from tests.bench.identity.ward import Ward, simulate

BEFORE: Final = EvidenceSettings(lent_counted=0.0, unseen_counted=0.0)
"""The stated rates alone, whatever is seen, as in the release before."""

AFTER: Final = EvidenceSettings()

DRAWS: Final = 1000

_BASE: Final = Ward(seed=0, coverage=0.0, tailgates=0.1)
_FEW: Final = replace(_BASE, nurses=3, assistants=1, doctors=1, visitors=3)
_MANY: Final = replace(_BASE, nurses=10, assistants=6, doctors=3, visitors=11)

FLOORS: Final = {
    "2 rooms, 8 people": replace(_FEW, rooms=2),
    "4 rooms, 8 people": replace(_FEW, rooms=4),
    "2 rooms, 30 people": replace(_MANY, rooms=2),
    "4 rooms, 30 people": replace(_MANY, rooms=4),
}

_WRONG: Final[dict[str, dict[str, float]]] = {
    "nobody has a badge": {"coverage": 0.0},
    **{f"{lent:.0%} lent": {"lent": lent} for lent in (0.0, 0.03, 0.08, 0.15)},
    "8% lent, no tailgating": {"lent": 0.08, "tailgates": 0.0},
    "8% lent, 30% tailgating": {"lent": 0.08, "tailgates": 0.3},
    "10% lost": {"lost": 0.1},
    "30% shared": {"shared": 0.3},
    "readers 1 m off": {"misplaced_m": 1.0},
    "clocks 3 s ahead": {"clock_off_s": 3.0},
    "clocks 3 s behind": {"clock_off_s": -3.0},
    "20% of reads missed": {"misses": 0.2},
}


class Cell(NamedTuple):
    """Wards of one kind.

    Attributes:
        floor: Its floor, in words.
        wrong: What goes wrong, in words.
        ward: A ward of the kind; the seed is open.
    """

    floor: str
    wrong: str
    ward: Ward


class Outcome(NamedTuple):
    """What was found in a cell, by the settings before and after.

    Attributes:
        before: By ward, in order of the seeds.
        after: By ward, in order of the seeds.
    """

    before: list[Scores]
    after: list[Scores]


def cells() -> Iterator[Cell]:
    """All cells; half and all of the staff with a badge, where nothing else is said."""
    for floor, base in FLOORS.items():
        for wrong, changed in _WRONG.items():
            coverages = (changed["coverage"],) if "coverage" in changed else (0.5, 1.0)
            for coverage in coverages:
                yield Cell(floor, wrong, replace(base, **{**changed, "coverage": coverage}))  # type: ignore[arg-type]


def outcome(cell: Cell, seeds: range, minutes: float) -> Outcome:
    """Simulate a cell, and play each ward by both settings."""
    found = Outcome([], [])
    for seed in seeds:
        simulation = simulate(replace(cell.ward, seed=seed, minutes=minutes))
        found.before.append(played(simulation, BEFORE))
        found.after.append(played(simulation, AFTER))
    return found


COLUMNS: Final = (
    "floor",
    "goes wrong",
    "staff with a badge, %",
    "named before, %",
    "names right before, %",
    "named, %",
    "names right, %",
    "5 to 95 %",
    "roles right, %",
    "unknown role, %",
    "known count, MAE",
    "width of the interval",
    "interval holds the truth, %",
    "Brier",
    "calibration error",
)


def row(cell: Cell, found: Outcome) -> str:
    """One row of the table."""
    before, after = total(found.before), total(found.after)
    cells_of_row = [
        cell.floor,
        cell.wrong,
        f"{100 * cell.ward.coverage:.0f}",
        _share(before.named, before.presences),
        _share(before.named_right, before.named),
        _share(after.named, after.presences),
        _share(after.named_right, after.named),
        _between(found.after),
        _share(after.roles_right, after.roles),
        _share(after.unknown, after.presences),
        f"{after.off / after.counts:.2f}",
        f"{after.width / after.counts:.1f}",
        _share(after.held, after.counts),
        f"{after.brier:.3f}" if after.brier == after.brier else "",
        f"{after.calibration_error:.3f}" if after.brier == after.brier else "",
    ]
    return f"| {' | '.join(cells_of_row)} |"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}" if whole else ""


def _between(wards: list[Scores]) -> str:
    """Where the share of right names is, were other wards of the kind drawn."""
    pairs = np.array([(one.named_right, one.named) for one in wards])
    if not pairs[:, 1].any():
        return ""
    drawn = np.random.default_rng(1).integers(len(pairs), size=(DRAWS, len(pairs)))
    right, named = pairs[drawn].sum(axis=1).T
    low, high = np.percentile(100 * right[named > 0] / named[named > 0], [5, 95])
    return f"{low:.0f} to {high:.0f}"
