"""Markdown tables of what `compare` and `users` found."""

from tests.bench.tracking import ours
from tests.bench.tracking.compare import (
    Row,
    best_peer,
    difference,
    least_switches,
    switches_at_recall,
)
from tests.bench.tracking.runs import Cache
from tests.bench.tracking.sequences import Mount, Sequence
from tests.bench.tracking.users import UserScores

MEANS = "HOTA | DetA | AssA | IDF1 | MOTA"
POOLED = "pooled HOTA | pooled IDF1 | pooled MOTA | IDSW | Frag"
EVENTS = "false entries | missed entries | false exits | missed exits"


def rate_name(rate: int | None) -> str:
    """`10 fps`, or `own rate`."""
    return "own rate" if rate is None else f"{rate} fps"


def scores_table(mount: Mount, rate: int | None, rows: list[Row]) -> list[str]:
    """Means over scenes, and pooled scores, of every tracker before one mount at one rate."""
    lines = [
        f"| {mount} cameras, {rate_name(rate)} | {MEANS} | {POOLED} |",
        "|---|" + "---|" * 10,
    ]
    for row in rows:
        mean, pooled = row.mean, row.pooled
        means = [mean[name] for name in ("hota", "deta", "assa", "idf1", "mota")]
        shares = [pooled.hota, pooled.idf1, pooled.mota]
        lines.append(
            f"| {row.name} | {_percent(means)} | {_percent(shares)} "
            f"| {pooled.id_switches:.0f} | {pooled.fragments:.0f} |"
        )
    return lines


def differences_table(rows_at: dict[tuple[Mount, int | None], list[Row]]) -> list[str]:
    """Ours, of each kind, less the best peer of the same kind, in means over scenes."""
    lines = [
        "| ours less the best peer | score | peer | points | 95 % |",
        "|---|---|---|---|---|",
    ]
    for (mount, rate), rows in rows_at.items():
        for kind in dict.fromkeys(row.kind for row in rows):
            alike = [row for row in rows if row.kind == kind]
            # Ours has its ages in seconds as shipped.
            own = kind if kind == "tuned" else "shipped"
            mine = next(row for row in rows if row.tracker == ours.NAME and row.kind == own)
            for name in ("hota", "idf1", "mota"):
                peer = best_peer(alike, name)
                found = difference(mine, peer, name)
                lines.append(
                    f"| {mount}, {rate_name(rate)}, {kind} | {name.upper()} | {peer.tracker} "
                    f"| {100 * found.value:+.2f} "
                    f"| {100 * found.low:+.2f} to {100 * found.high:+.2f} |"
                )
    return lines


def scenes_table(mount: Mount, rate: int | None, rows: list[Row]) -> list[str]:
    """HOTA and IDF1 of each scene: ours as shipped, and the best shipped peer in each."""
    lines = [
        (
            f"| {mount} cameras, {rate_name(rate)}, shipped | ours: HOTA, IDF1, MOTA "
            "| best peer's HOTA | best peer's IDF1 | best peer's MOTA |"
        ),
        "|---|---|---|---|---|",
    ]
    mine = next(row for row in rows if row.tracker == ours.NAME and row.kind == "shipped")
    peers = [row for row in rows if row.tracker != ours.NAME and row.kind != "tuned"]
    for scene in sorted(mine.of_scenes):
        own = ", ".join(f"{100 * mine.of_scenes[scene][n]:.1f}" for n in ("hota", "idf1", "mota"))
        cells = []
        for name in ("hota", "idf1", "mota"):
            best = max(peers, key=lambda row, name=name: row.of_scenes[scene][name])  # type: ignore[misc]
            cells.append(f"{100 * best.of_scenes[scene][name]:.1f} ({best.name})")
        lines.append(f"| {scene} | {own} | {' | '.join(cells)} |")
    return lines


def switches_table(
    peers: list[str], at_rates: dict[int | None, list[Sequence]], cache: Cache, budget: int
) -> list[str]:
    """Fewest switches at no less recall than each peer's configuration of middle recall."""
    lines = [
        "| openings, least switches at the peer's recall | rate | recall | peer | ours |",
        "|---|---|---|---|---|",
    ]
    for rate, sequences in at_rates.items():
        mine = switches_at_recall(ours.NAME, sequences, cache, budget)
        for peer in peers:
            points = switches_at_recall(peer, sequences, cache, budget)
            # Of each peer, the configuration of middle recall: neither end favours anybody.
            recall = sorted(found for found, _ in points)[len(points) // 2]
            theirs = least_switches(points, recall)
            same = least_switches(mine, recall)
            lines.append(
                f"| {peer} | {rate_name(rate)} | {100 * recall:.1f} | {theirs} "
                f"| {'none reaches it' if same is None else same} |"
            )
    return lines


def users_table(title: str, rows: dict[str, UserScores]) -> list[str]:
    """What the users of zones see, by tracker."""
    lines = [
        f"| {title}, four zones | head count MAE | dwell error, s | {EVENTS} |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {row.head_count_error:.3f} | {row.dwell_error_s:.2f} "
        f"| {row.false_entries:.3g} | {row.missed_entries:.3g} of {row.true_entries:.3g} "
        f"| {row.false_exits:.3g} | {row.missed_exits:.3g} of {row.true_exits:.3g} |"
        for name, row in rows.items()
    ]
    return lines


def _percent(shares: list[float]) -> str:
    return " | ".join(f"{100 * share:.2f}" for share in shares)
