"""What is compared: each tracker as shipped and tuned, at each rate; differences with intervals."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tests.bench.tracking import ours
from tests.bench.tracking.fast_scores import Counts, Scores, pool
from tests.bench.tracking.runs import Cache, Config, Job, counts_of
from tests.bench.tracking.sequences import Sequence
from tests.bench.tracking.spaces import Kind, in_seconds, sampled, shipped
from tests.bench.tracking.tuning import by_name, by_scene, chosen, openings_of

RESAMPLES = 2000

SHARES = ("hota", "deta", "assa", "idf1", "mota", "recall")


@dataclass(frozen=True)
class Row:
    """One tracker, of one kind, at one rate, before cameras of one mount.

    Attributes:
        tracker: Its name.
        kind: How it is configured.
        counts: By scene and sequence; the mean of the draws where detections are made up. Of a
            tuned tracker with the configuration chosen without the scene.
    """

    tracker: str
    kind: Kind
    counts: dict[tuple[str, str], Counts]

    @property
    def name(self) -> str:
        """Tracker, and how it is configured."""
        return f"{self.tracker}, {self.kind}"

    @cached_property
    def pooled(self) -> Scores:
        """Over all sequences, as TrackEval combines them."""
        return pool(list(self.counts.values()))

    @cached_property
    def of_scenes(self) -> dict[str, dict[str, float]]:
        """Scores of each scene: the mean over its sequences."""
        return {
            scene: {
                name: math.fsum(getattr(s, name) for s in scores) / len(scores) for name in SHARES
            }
            for scene, scores in by_scene(self.counts).items()
        }

    @cached_property
    def mean(self) -> dict[str, float]:
        """Mean over scenes of each score."""
        scenes = self.of_scenes.values()
        return {name: math.fsum(scene[name] for scene in scenes) / len(scenes) for name in SHARES}


@dataclass(frozen=True, slots=True)
class Difference:
    """Ours less a peer's, with a 95 % interval over scenes drawn with replacement."""

    peer: str
    value: float
    low: float
    high: float


def jobs_of(
    tracker: str, sequences: list[Sequence], cache: Cache, kind: Kind, budget: int
) -> list[Job]:
    """The runs that make a row.

    Args:
        tracker: Its name.
        sequences: Of one mount, at one rate.
        cache: After `fill`, if it is tuned.
        kind: How it is configured.
        budget: Configurations to choose from, if it is tuned.
    """
    if kind == "tuned":
        # Our defaults were found on these very scenes: they must not compete as if they were not.
        fair = tracker != ours.NAME
        best: dict[str, Config] = chosen(tracker, sequences, cache, budget, defaults=fair)
        return [Job(tracker, best[sequence.scene], sequence) for sequence in sequences]
    config = shipped(tracker) if kind == "shipped" else in_seconds(tracker)
    return [Job(tracker, config, sequence) for sequence in sequences]


def row_of(tracker: str, sequences: list[Sequence], cache: Cache, kind: Kind, budget: int) -> Row:
    """One tracker at one rate; runs what is missing."""
    jobs = jobs_of(tracker, sequences, cache, kind, budget)
    counts = counts_of(jobs, cache)
    return Row(tracker, kind, by_name(sequences, [counts[job.key] for job in jobs]))


def best_peer(rows: list[Row], name: str) -> Row:
    """The peer that scores highest, by the mean over scenes."""
    peers = [row for row in rows if row.tracker != ours.NAME]
    return max(peers, key=lambda row: row.mean[name])


def difference(mine: Row, peer: Row, name: str) -> Difference:
    """How much better the mean over scenes is than a peer's; scenes are what is drawn again."""
    apart = np.array(
        [mine.of_scenes[scene][name] - peer.of_scenes[scene][name] for scene in mine.of_scenes]
    )
    random = np.random.default_rng(20260101)
    drawn = apart[random.integers(len(apart), size=(RESAMPLES, len(apart)))].mean(axis=1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Difference(peer.name, float(apart.mean()), float(low), float(high))


def switches_at_recall(
    tracker: str, sequences: list[Sequence], cache: Cache, budget: int
) -> list[tuple[float, int]]:
    """Recall and identity switches of each sampled configuration, over all sequences' openings."""
    openings = openings_of(sequences)
    points = []
    for config in sampled(tracker, budget):
        total = pool([cache.known[Job(tracker, config, one).key] for one in openings])
        points.append((total.recall, round(total.id_switches)))
    return points


def least_switches(points: list[tuple[float, int]], recall: float) -> int | None:
    """Fewest switches of a configuration that finds at least so many; None when none does."""
    return min((switches for found, switches in points if found >= recall), default=None)
