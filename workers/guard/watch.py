"""Watch one camera: learn its background, compare, and hold a verdict back until it lasts.

Time is event time, an argument; nothing here reads a clock. What is compared is the median of the
last pictures, in which people who walk do not appear.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple, cast

import numpy as np

from schemas.records.cameras import CameraVerdict
from workers.guard.measures import Background, Measures, make_background, measure
from workers.guard.pictures import Picture
from workers.guard.verdicts import LIMITS, Limits, verdict_on

RECENT: Final = 5
"""Pictures whose median is compared."""

_SAME: Final = 0.01
"""Mean difference of luma up to which two pictures are the same; the noise of a sensor alone, and
of the encoder after it, makes ten times more."""

_GAP_US: Final = 10_000_000
"""After a silence of this length what was seen before it counts no longer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rhythm:
    """How often a camera is compared, and for how long a verdict must hold, event time.

    Attributes:
        every_us: Pause between two pictures, microseconds.
        learn_us: Time from which the background is learnt, microseconds.
        after_us: Time for which a verdict must hold, microseconds.
        frozen_after_us: Time for which pictures must be the same, microseconds.
    """

    every_us: int
    learn_us: int
    after_us: int
    frozen_after_us: int


class Finding(NamedTuple):
    """What is known of a camera.

    Attributes:
        verdict: The verdict.
        since_us: Since when it has been so, UTC microseconds; before it was decided.
        measures: The last comparison; None while there is no background.
    """

    verdict: CameraVerdict
    since_us: int
    measures: Measures | None


class CameraWatch:
    """Folds the pictures of one camera.

    Args:
        rhythm: How often, and for how long.
        background: The view as it should be; None to learn it.
        limits: Where a difference begins to matter.

    Attributes:
        background: The view as it should be; None while it is being learnt.
        finding: What is known now.
        moves: Whether the camera moves on purpose: another view is then no fault of it, and only
            the view that was learnt can be seen to be covered or out of focus.
    """

    def __init__(
        self, rhythm: Rhythm, background: Background | None = None, limits: Limits = LIMITS
    ) -> None:
        self._rhythm = rhythm
        self._limits = limits
        self.background = background if background is not None and background.usable else None
        self.moves = False
        self.finding = Finding("LEARNING" if self.background is None else "UNKNOWN", 0, None)
        self._last_us: int | None = None
        self._recent: list[Picture] = []
        self._learnt: list[Picture] = []
        self._learning_us = 0
        self._same_us = 0
        self._candidate: CameraVerdict = self.finding.verdict
        self._candidate_us = 0

    def due(self, at_us: int) -> bool:
        """Whether the picture of this time is to be compared; frames arrive a little unevenly."""
        return self._last_us is None or at_us - self._last_us >= 0.9 * self._rhythm.every_us

    def step(self, at_us: int, picture: Picture) -> bool:
        """Take the next picture.

        Args:
            at_us: Event time, UTC microseconds; rising.
            picture: The view at that time.

        Returns:
            Whether the verdict is another one than before.
        """
        if self.background is not None and self.background.picture.shape != picture.shape:
            self.background = None
        before = self._recent[-1] if self._recent else None
        if before is not None and before.shape != picture.shape:
            before = None
        if self._last_us is None or at_us - self._last_us > _GAP_US:
            before = None
        if before is None:
            self._start_over(at_us)
        if before is None or _difference(before, picture) > _SAME:
            self._same_us = at_us
        self._last_us = at_us
        self._recent = [*self._recent[1 - RECENT :], picture]
        return self._decide(at_us, *self._seen(at_us))

    def _start_over(self, at_us: int) -> None:
        self._recent = []
        self._learnt = []
        self._candidate, self._candidate_us = self.finding.verdict, at_us
        if self._last_us is None:
            self.finding = self.finding._replace(since_us=at_us)

    def _seen(self, at_us: int) -> tuple[CameraVerdict, Measures | None]:
        """What the pictures of now say by themselves."""
        now = median(self._recent)
        dark = float(np.percentile(now, 95)) < self._limits.dark
        # In the dark an encoder may leave no noise.
        if not dark and at_us - self._same_us >= self._rhythm.frozen_after_us:
            return "FROZEN", self.finding.measures
        if self.background is None and dark:
            self._learnt = []
        elif self.background is None:
            self.background = self._learn(at_us, now)
        if self.background is None:
            return ("DARK" if dark else "LEARNING"), None
        measures = measure(now, self.background)
        seen = verdict_on(measures, self.finding.verdict, self._limits)
        return ("OK" if self.moves and seen == "MOVED" else seen), measures

    def _learn(self, at_us: int, now: Picture) -> Background | None:
        """Collect pictures; the background once there are enough that agree with each other."""
        if not self._learnt:
            self._learning_us = at_us
        self._learnt.append(now)
        if at_us - self._learning_us < self._rhythm.learn_us:
            return None
        half = len(self._learnt) // 2
        first = make_background(median(self._learnt[:half] or self._learnt))
        whole = make_background(median(self._learnt))
        later = median(self._learnt[half:])
        self._learnt = []
        # While somebody still turns the camera there is no view to learn.
        steady = self.moves or (
            first.usable and verdict_on(measure(later, first), limits=self._limits) == "OK"
        )
        return whole if steady and whole.usable else None

    def _decide(self, at_us: int, seen: CameraVerdict, measures: Measures | None) -> bool:
        """Hold what is seen against the verdict so far; returns whether the verdict changes."""
        if seen != self._candidate:
            self._candidate, self._candidate_us = seen, at_us
        before = self.finding.verdict
        held_us = at_us - self._candidate_us
        # A picture is found to be frozen only after it has been so for long enough.
        at_once = seen in {"FROZEN", "LEARNING"} or (seen, before) == ("OK", "LEARNING")
        if seen == before:
            self.finding = self.finding._replace(measures=measures)
            return False
        if not at_once and held_us < self._rhythm.after_us:
            self.finding = self.finding._replace(measures=measures)
            return False
        since_us = self._same_us if seen == "FROZEN" else self._candidate_us
        self.finding = Finding(seen, since_us, measures)
        return True


def median(pictures: list[Picture]) -> Picture:
    """The median of each pixel; of an even number of pictures, the lower of the two middle ones."""
    if len(pictures) == RECENT:
        a, b, c, d, e = pictures
        low = np.maximum(np.minimum(a, b), np.minimum(c, d))
        high = np.minimum(np.maximum(a, b), np.maximum(c, d))
        low, high = np.minimum(low, high), np.maximum(low, high)
        return cast(Picture, np.maximum(low, np.minimum(high, e)))
    middle = (len(pictures) - 1) // 2
    return cast(Picture, np.partition(np.stack(pictures), middle, axis=0)[middle])


def _difference(first: Picture, second: Picture) -> float:
    return float(np.abs(first.astype(np.int16) - second).mean())
