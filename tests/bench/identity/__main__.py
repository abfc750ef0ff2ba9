"""Measure what badges tell about who is who: `python -m tests.bench.identity`.

Wards are simulated, from seeds that were not used while the rates of the posterior were chosen
(those were 1 to 12). Prints Markdown for `tests.bench.record`.
"""

import argparse
from dataclasses import replace

from tests.bench.identity.grid import COLUMNS, Outcome, cells, outcome
from tests.bench.identity.grid import row as row_of_cell
from tests.bench.identity.scores import Scores, played, total
from tests.bench.identity.ward import Ward, simulate

COVERAGES = (0.0, 0.5, 1.0)
BAR = 20
FEW = 50

WARDS = {
    "badges": Ward(seed=0, coverage=0.0),
    "badges and uniforms (85 % right)": Ward(seed=0, coverage=0.0, uniforms=0.85),
    "badges and uniforms (85 % right, of one in ten never)": Ward(
        seed=0, coverage=0.0, uniforms=0.85, mistaken=0.1
    ),
    "badges and uniforms (stated as 85 % right, never are)": Ward(
        seed=0, coverage=0.0, uniforms=0.85, mistaken=1.0
    ),
    "more goes wrong": Ward(
        seed=0, coverage=0.0, lent=0.08, lost=0.05, shared=0.2, tailgates=0.8, swaps_per_s=0.05
    ),
}


def row(name: str, coverage: float, found: Scores) -> str:
    """One row of the table."""
    right = f"{100 * found.named_right / found.named:.1f}" if found.named else ""
    roles = f"{100 * found.roles_right / found.roles:.1f}" if found.roles else ""
    cells = [
        name,
        f"{100 * coverage:.0f}",
        f"{100 * found.named / found.presences:.1f}",
        right,
        roles,
        f"{100 * found.unknown / found.presences:.1f}",
        f"{found.off / found.counts:.2f}",
        f"{found.width / found.counts:.1f}",
        f"{100 * found.held / found.counts:.1f}",
    ]
    return f"| {' | '.join(cells)} |"


def reliability(found: Scores) -> list[str]:
    """The reliability plot as rows of a table: how often the likeliest name is right."""
    rows = []
    for number, (presences, right, confidence) in enumerate(found.bins):
        if presences < FEW:
            continue
        share = right / presences
        bar = "#" * round(BAR * share)
        mean = confidence / presences
        here = min(BAR - 1, int(mean * BAR))
        drawn = "".join("|" if one == here else sign for one, sign in enumerate(bar.ljust(BAR)))
        cells = [
            f"{number / 10:.1f} to {(number + 1) / 10:.1f}",
            f"{presences:.0f}",
            f"{mean:.2f}",
            f"{share:.2f}",
            f"`{drawn.replace('|', ':').replace(' ', '.')}`",
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def print_grid(seeds: range, named: str, minutes: float, floor: str) -> None:
    """Print the table of wards that the settings misstate, and how reliable their names are."""
    print("### Names where the settings misstate the ward\n")
    print(
        f"Stated: 3 % lent, 1 % lost. Every ward has 2 % lost, 10 % shared, 3 % lent and 10 % "
        f"tailgating where nothing else is said; {minutes:g} minutes, seeds {named}. `before` is "
        "by the stated rates alone. `5 to 95 %` draws other wards of the kind from these.\n"
    )
    print(f"| {' | '.join(COLUMNS)} |")
    print("|---" * len(COLUMNS) + "|")
    found: list[Outcome] = []
    for cell in cells():
        if floor in cell.floor:
            found.append(outcome(cell, seeds, minutes))
            print(row_of_cell(cell, found[-1]), flush=True)
    print("\n### How often the likeliest name is right where the settings misstate the ward\n")
    print("| confidence | presences | mean confidence | right | |")
    print("|---|---|---|---|---|")
    print("\n".join(reliability(total(one for each in found for one in each.after))))
    print()


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Measure names and roles on simulated wards.")
    parser.add_argument("--seeds", default="101-132", help="first-last")
    parser.add_argument("--minutes", type=float, default=6.0)
    parser.add_argument("--grid", action="store_true", help="wards that settings misstate")
    parser.add_argument("--floor", default="", help="only floors of the grid with this in the name")
    given = parser.parse_args()
    first, _, last = given.seeds.partition("-")
    seeds = range(int(first), int(last or first) + 1)
    if given.grid:
        print_grid(seeds, given.seeds, given.minutes, given.floor)
        return
    results = {
        (name, coverage): total(
            played(simulate(replace(ward, seed=seed, coverage=coverage, minutes=given.minutes)))
            for seed in seeds
        )
        for name, ward in WARDS.items()
        for coverage in COVERAGES
    }
    print("### Names and roles from badges, simulated\n")
    print(
        f"10 staff and 6 visitors on 24 x 14 m with 6 readers, {given.minutes:g} minutes, seeds "
        f"{given.seeds}; a name or role is given at 0.9 or more. The interval of a role is from "
        "those known to have it to these and all who are unknown.\n"
    )
    columns = (
        "staff with a badge, %",
        "named, %",
        "names right, %",
        "roles right, %",
        "unknown role, %",
        "known count, MAE",
        "width of the interval",
        "interval holds the truth, %",
    )
    print(f"| ward | {' | '.join(columns)} |")
    print("|---" * (len(columns) + 1) + "|")
    for (name, coverage), found in results.items():
        print(row(name, coverage, found))
    print("\n### How often the likeliest name is right\n")
    print(
        "Badges alone, half and all of the staff with one. Each # is 5 % that are right, and the "
        "colon is the mean confidence: where the bar reaches it, confidence is not too high.\n"
    )
    print("| confidence | presences | mean confidence | right | |")
    print("|---|---|---|---|---|")
    known = total(results["badges", coverage] for coverage in COVERAGES)
    print("\n".join(reliability(known)))
    print()


if __name__ == "__main__":
    main()
