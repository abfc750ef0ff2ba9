"""Room for the new people of a scan, and for what boxes propose."""

from typing import Final, NamedTuple

import numpy as np

from streams.domain.fusion.ellipsoid import STATE_SIZE
from streams.domain.fusion.jit import allocating
from streams.domain.tracking.types import Indices, Matrix, Vector

MOST_BIRTHS: Final = 128
"""New people of one scan; more come with the next scans."""


class Proposals(NamedTuple):
    """What each box proposes, shape `(B, ...)`.

    Attributes:
        odds: Log odds of the person; not a number until worked out.
        means: State.
        covariances: Its covariance.
        boxes: The person's box in each frame, by its row in the frame, or `NO_BOX`, shape `(B, F)`.
        able: How many cameras could see the person.
    """

    odds: Vector
    means: Matrix
    covariances: Matrix
    boxes: Indices
    able: Indices


class Newborn(NamedTuple):
    """Boxes of the new people of the scan in each frame.

    Attributes:
        boxes: Shape `(MOST_BIRTHS, F, 4)`, px.
        depths: Shape `(MOST_BIRTHS, F)`.
        rows: Rows of the people known before, and then of the new ones.
        counts: How many rows there are, and how many of them are new, shape `(2,)`.
    """

    boxes: Matrix
    depths: Matrix
    rows: Indices
    counts: Indices


@allocating
def no_proposals(boxes: int, frames: int) -> Proposals:
    """Room for the proposals of so many boxes and frames."""
    return Proposals(
        np.full(boxes, np.nan),
        np.empty((boxes, STATE_SIZE)),
        np.empty((boxes, STATE_SIZE, STATE_SIZE)),
        np.empty((boxes, frames), np.int64),
        np.zeros(boxes, np.int64),
    )


@allocating
def nobody_new(columns: int, frames: int) -> Newborn:
    """Room for the new people of so many frames, beside so many known ones."""
    return Newborn(
        np.empty((MOST_BIRTHS, frames, 4)),
        np.empty((MOST_BIRTHS, frames)),
        np.empty(columns + MOST_BIRTHS, np.int64),
        np.zeros(2, np.int64),
    )
