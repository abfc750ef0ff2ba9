"""The protocol of every source of frames."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Image: TypeAlias = NDArray[np.uint8]
"""A picture of shape `(H, W, 3)`, channels blue, green, red, 0 to 255."""


@dataclass(frozen=True, slots=True)
class SourceFrame:
    """One frame as the source gave it.

    Attributes:
        pts_us: Presentation time within the source, microseconds from its first frame, strictly
            rising within one connection; None if the source has no times.
        source_clock_us: The camera's own clock, UTC microseconds; None if it gives none.
        pixels: Converts the frame to an `Image`; None when it could not be decoded. Called only
            for frames that are wanted, since the conversion costs more than the decoding.
        mended: Whether its own stamp was impossible or missing, so that the rhythm of the frames
            around it gave its time.
        waited: Whether it was read while the stream was opened, so that it comes late.
    """

    pts_us: int | None
    source_clock_us: int | None
    pixels: Callable[[], Image] | None
    mended: bool = False
    waited: bool = False


class FrameSource(Protocol):
    """A camera or a recording."""

    @property
    def live(self) -> bool:
        """Whether frames come at their own pace and are lost if they are not read."""
        ...

    @property
    def identity(self) -> str | None:
        """Identifies a recording; None where a restart cannot resume in the middle."""
        ...

    @property
    def shortfall(self) -> str | None:
        """What a recording lacks at its end, known once it was read; None when nothing is known."""
        ...

    def frames(self) -> Iterator[SourceFrame]:
        """Open the source and yield all its frames, in order.

        Raises:
            Stop: It can never be read; the message says what to do.
            Retry: It is out of reach or was lost; live sources only.
        """
        ...
