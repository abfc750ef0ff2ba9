"""What is compared: each tracker as shipped and tuned, at each rate; differences with intervals."""

import math
from dataclasses import dataclass

import numpy as np

from tests.bench.tracking import ours
from tests.bench.tracking.fast_scores import Counts, Scores, pool
from tests.bench.tracking.runs import Cache, Config, Job, counts_of
from tests.bench.tracking.sequences import Sequence, opening
from tests.bench.tracking.spaces import sampled, shipped
from tests.bench.tracking.tuning import OPENING_S, chosen

RESAMPLES = 2000

SHARES = ("hota", "deta", "assa", "idf1", "mota", "recall")


@dataclass(frozen=True, slots=True)
class Row:
    """One tracker, shipped or tuned, at one rate.

    Attributes:
        tracker: Its name.
        tuned: False with its defaults.
        scenes: Of each sequence.
        counts: Of each sequence; tuned ones with the configuration chosen without its scene.
    """

    tracker: str
    tuned: bool
    scenes: list[str]
    counts: list[Counts]

    @property
    def name(self) -> str:
        """Tracker, and whether it was tuned."""
        return f"{self.tracker}, {'tuned' if self.tuned else 'shipped'}"

    @property
    def pooled(self) -> Scores:
        """Over all sequences, as TrackEval combines them."""
        return pool(self.counts)

    @property
    def mean(self) -> dict[str, float]:
        """Mean over sequences of each score."""
        scores = [pool([one]) for one in self.counts]
        return {
            name: math.fsum(getattr(score, name) for score in scores) / len(scores)
            for name in SHARES
        }


@dataclass(frozen=True, slots=True)
class Difference:
    """Ours less a peer's, with a 95 % interval over scenes drawn with replacement."""

    peer: str
    value: float
    low: float
    high: float


def jobs_of(tracker: str, sequences: list[Sequence], cache: Cache, budget: int | None) -> list[Job]:
    """The runs that make a row; without a budget as shipped."""
    if budget is None:
        return [Job(tracker, shipped(tracker), sequence) for sequence in sequences]
    # Our defaults were found on these very scenes: they must not compete as if they were not.
    fair = tracker != ours.NAME
    best: dict[str, Config] = chosen(tracker, sequences, cache, budget, defaults=fair)
    return [Job(tracker, best[sequence.scene], sequence) for sequence in sequences]


def row_of(tracker: str, sequences: list[Sequence], cache: Cache, budget: int | None) -> Row:
    """One tracker at one rate; runs what is missing."""
    jobs = jobs_of(tracker, sequences, cache, budget)
    counts = counts_of(jobs, cache)
    scenes = [sequence.scene for sequence in sequences]
    return Row(tracker, budget is not None, scenes, [counts[job.key] for job in jobs])


def best_peer(rows: list[Row], name: str, *, pooled: bool) -> Row:
    """The peer that scores highest."""
    peers = [row for row in rows if row.tracker != ours.NAME]
    return max(peers, key=lambda row: _score(row.counts, name, pooled=pooled))


def difference(mine: Row, peer: Row, name: str, *, pooled: bool) -> Difference:
    """How much better a score is than a peer's; scenes are what is drawn again."""
    scenes = sorted(set(mine.scenes))
    members = {
        scene: [n for n, other in enumerate(mine.scenes) if other == scene] for scene in scenes
    }

    def apart(drawn: list[str]) -> float:
        picked = [n for scene in drawn for n in members[scene]]
        one = _score([mine.counts[n] for n in picked], name, pooled=pooled)
        return one - _score([peer.counts[n] for n in picked], name, pooled=pooled)

    random = np.random.default_rng(20260101)
    drawn = [
        apart([scenes[n] for n in random.integers(len(scenes), size=len(scenes))])
        for _ in range(RESAMPLES)
    ]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Difference(peer.name, apart(scenes), float(low), float(high))


def _score(counts: list[Counts], name: str, *, pooled: bool) -> float:
    if pooled:
        return float(getattr(pool(counts), name))
    return math.fsum(getattr(pool([one]), name) for one in counts) / len(counts)


def switches_at_recall(
    tracker: str, sequences: list[Sequence], cache: Cache, budget: int
) -> list[tuple[float, int]]:
    """Recall and identity switches of each sampled configuration, over all sequences' openings."""
    openings = [opening(sequence, OPENING_S) for sequence in sequences]
    points = []
    for config in sampled(tracker, budget):
        total = pool([cache.known[Job(tracker, config, one).key] for one in openings])
        points.append((total.recall, total.id_switches))
    return points


def least_switches(points: list[tuple[float, int]], recall: float) -> int | None:
    """Fewest switches of a configuration that finds at least so many; None when none does."""
    return min((switches for found, switches in points if found >= recall), default=None)
