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
from tests.bench.tracking.sequences import Sequence
from tests.bench.tracking.users import UserScores

POOLED = "HOTA | DetA | AssA | IDF1 | MOTA | recall | IDSW | Frag"
MEANS = "mean HOTA | mean AssA | mean IDF1 | mean MOTA"
EVENTS = "false entries | missed entries | false exits | missed exits"


def rate_name(rate: int | None) -> str:
    """`10 fps`, or `own rate`."""
    return "own rate" if rate is None else f"{rate} fps"


def scores_table(rate: int | None, rows: list[Row]) -> list[str]:
    """Pooled scores, and means over sequences, of every tracker at one rate."""
    lines = [
        f"| {rate_name(rate)} | {POOLED} | {MEANS} |",
        "|---|" + "---|" * 12,
    ]
    for row in rows:
        pooled, mean = row.pooled, row.mean
        shares = [pooled.hota, pooled.deta, pooled.assa, pooled.idf1, pooled.mota, pooled.recall]
        means = [mean["hota"], mean["assa"], mean["idf1"], mean["mota"]]
        lines.append(
            f"| {row.name} | {_percent(shares)} | {pooled.id_switches} | {pooled.fragments} "
            f"| {_percent(means)} |"
        )
    return lines


def differences_table(rows_at: dict[int | None, list[Row]]) -> list[str]:
    """Ours, shipped and tuned, less the best peer of the same kind."""
    lines = [
        "| ours less the best peer | score | over | peer | points | 95 % |",
        "|---|---|---|---|---|---|",
    ]
    for rate, rows in rows_at.items():
        for tuned in sorted({row.tuned for row in rows}):
            alike = [row for row in rows if row.tuned == tuned]
            mine = next(row for row in alike if row.tracker == ours.NAME)
            for name in ("hota", "idf1"):
                for pooled in (True, False):
                    peer = best_peer(alike, name, pooled=pooled)
                    found = difference(mine, peer, name, pooled=pooled)
                    lines.append(
                        f"| {rate_name(rate)}, {'tuned' if tuned else 'shipped'} "
                        f"| {name.upper()} | {'pooled' if pooled else 'mean'} | {peer.tracker} "
                        f"| {100 * found.value:+.2f} "
                        f"| {100 * found.low:+.2f} to {100 * found.high:+.2f} |"
                    )
    return lines


def switches_table(
    peers: list[str], at_rates: dict[int | None, list[Sequence]], cache: Cache, budget: int
) -> list[str]:
    """Fewest switches at no less recall than each peer's best configuration for switches."""
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


def users_table(rows: dict[str, UserScores]) -> list[str]:
    """What the users of zones see, by tracker."""
    lines = [
        f"| vtest, four zones | head count MAE | dwell error, s | {EVENTS} |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {row.head_count_error:.3f} | {row.dwell_error_s:.2f} "
        f"| {row.false_entries} | {row.missed_entries} of {row.true_entries} "
        f"| {row.false_exits} | {row.missed_exits} of {row.true_exits} |"
        for name, row in rows.items()
    ]
    return lines


def _percent(shares: list[float]) -> str:
    return " | ".join(f"{100 * share:.2f}" for share in shares)
