"""Leave one scene out: choose each tracker's configuration on the others, score it on that one.

Every configuration runs once on the opening of every sequence at every rate, on one draw where
detections are made up; choosing is then arithmetic. The choice is made for each mount and rate, by
the mean over the other scenes of HOTA and IDF1. Scored is the whole of the scene left out.
"""

import math
from collections.abc import Callable
from collections.abc import Sequence as Listing

from tests.bench.tracking.fast_scores import Counts, Scores, average, pool
from tests.bench.tracking.runs import Cache, Config, Job, counts_of
from tests.bench.tracking.sequences import Sequence, opening
from tests.bench.tracking.spaces import sampled

AtRates = dict[int | None, list[Sequence]]

OPENING_S = 15.0
"""Configurations are compared on this much of each sequence."""

CONFIGURATIONS_AT_ONCE = 4


def openings_of(sequences: Listing[Sequence]) -> list[Sequence]:
    """What configurations are compared on: openings, of made-up detections the first draw."""
    return [opening(one, OPENING_S) for one in sequences if one.seed <= 1]


def fill(
    trackers: list[str],
    sequences: AtRates,
    cache: Cache,
    budget: int,
    report: Callable[[str], None] = lambda _: None,
) -> None:
    """Run everything that choosing needs; a few configurations of each tracker in turn."""
    openings = [one for rate in sequences for one in openings_of(sequences[rate])]
    for start in range(0, budget, CONFIGURATIONS_AT_ONCE):
        for tracker in trackers:
            configs = sampled(tracker, budget)[start:][:CONFIGURATIONS_AT_ONCE]
            counts_of((Job(tracker, c, one) for c in configs for one in openings), cache)
            report(f"{tracker}: {start + len(configs)} of {budget} configurations")


def by_name(sequences: Listing[Sequence], counts: Listing[Counts]) -> dict[tuple[str, str], Counts]:
    """Counts by scene and name; draws of one sequence become one."""
    draws: dict[tuple[str, str], list[Counts]] = {}
    for sequence, one in zip(sequences, counts, strict=True):
        draws.setdefault((sequence.scene, sequence.name), []).append(one)
    return {key: average(many) for key, many in draws.items()}


def by_scene(counts: dict[tuple[str, str], Counts]) -> dict[str, list[Scores]]:
    """Scores of each scene's sequences."""
    scenes: dict[str, list[Scores]] = {}
    for (scene, _), one in counts.items():
        scenes.setdefault(scene, []).append(pool([one]))
    return scenes


def score_of(scenes: dict[str, list[Scores]]) -> float:
    """What a configuration is chosen by: the mean over scenes of HOTA and IDF1."""
    return math.fsum(
        math.fsum(score.hota + score.idf1 for score in scores) / (2 * len(scores))
        for scores in scenes.values()
    ) / len(scenes)


def chosen(
    tracker: str, sequences: list[Sequence], cache: Cache, budget: int, *, defaults: bool = True
) -> dict[str, Config]:
    """The configuration for each scene at one rate, chosen without that scene.

    Args:
        tracker: Its name.
        sequences: Of one mount, at one rate.
        cache: After `fill`.
        budget: Number of configurations.
        defaults: False leaves the tracker's own defaults out of the choice.
    """
    configs = sampled(tracker, budget)[0 if defaults else 1 :]
    openings = openings_of(sequences)
    held = []
    for config in configs:
        counts = [cache.known[Job(tracker, config, one).key] for one in openings]
        held.append(by_scene(by_name(openings, counts)))
    best = {}
    for left_out in {sequence.scene for sequence in sequences}:
        values = [
            score_of({name: scores for name, scores in scenes.items() if name != left_out})
            for scenes in held
        ]
        best[left_out] = configs[max(range(len(configs)), key=lambda n: values[n])]
    return best
