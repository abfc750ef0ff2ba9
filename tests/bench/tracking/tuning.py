"""Leave one scene out: choose each tracker's configuration on the others, score it on that one.

Every configuration runs once on the opening of every sequence at every rate; choosing is then
arithmetic. The choice is made for each rate, by the mean over the other scenes' sequences of HOTA
and IDF1. Scored is the whole of the scene left out.
"""

import math
from collections.abc import Callable

from tests.bench.tracking.fast_scores import Counts, pool
from tests.bench.tracking.runs import Cache, Config, Job, counts_of
from tests.bench.tracking.sequences import Sequence, opening
from tests.bench.tracking.spaces import sampled

AtRates = dict[int | None, list[Sequence]]

OPENING_S = 15.0
"""Configurations are compared on this much of each sequence."""

CONFIGURATIONS_AT_ONCE = 4


def fill(
    trackers: list[str],
    sequences: AtRates,
    cache: Cache,
    budget: int,
    report: Callable[[str], None] = lambda _: None,
) -> None:
    """Run everything that choosing needs; a few configurations of each tracker in turn."""
    openings = [opening(one, OPENING_S) for rate in sequences for one in sequences[rate]]
    for start in range(0, budget, CONFIGURATIONS_AT_ONCE):
        for tracker in trackers:
            configs = sampled(tracker, budget)[start:][:CONFIGURATIONS_AT_ONCE]
            counts_of((Job(tracker, c, one) for c in configs for one in openings), cache)
            report(f"{tracker}: {start + len(configs)} of {budget} configurations")


def score_of(counts: list[Counts]) -> float:
    """What a configuration is chosen by: the mean of HOTA and IDF1 over sequences."""
    scores = [pool([one]) for one in counts]
    return math.fsum(score.hota + score.idf1 for score in scores) / (2 * len(scores))


def chosen(
    tracker: str, sequences: list[Sequence], cache: Cache, budget: int, *, defaults: bool = True
) -> dict[str, Config]:
    """The configuration for each scene at one rate, chosen without that scene.

    Args:
        tracker: Its name.
        sequences: At one rate.
        cache: After `fill`.
        budget: Number of configurations.
        defaults: False leaves the tracker's own defaults out of the choice.
    """
    configs = sampled(tracker, budget)[0 if defaults else 1 :]
    openings = [opening(sequence, OPENING_S) for sequence in sequences]
    held = [[cache.known[Job(tracker, config, one).key] for one in openings] for config in configs]
    best = {}
    for scene in {sequence.scene for sequence in sequences}:
        others = [n for n, sequence in enumerate(sequences) if sequence.scene != scene]
        values = [score_of([counts[n] for n in others]) for counts in held]
        best[scene] = configs[max(range(len(configs)), key=lambda n: values[n])]
    return best
