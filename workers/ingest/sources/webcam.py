"""A camera on this machine."""

from collections.abc import Iterator
from typing import cast

import cv2

from runtime.errors import Retry
from workers.ingest.sources.base import Image, SourceFrame


class Webcam:
    """A local camera by number; it tells no time of its own.

    Args:
        number: 0 for the first camera.
    """

    live = True

    def __init__(self, number: int) -> None:
        self._number = number

    def frames(self) -> Iterator[SourceFrame]:
        """Open the camera and give frames until it is unplugged; see `FrameSource.frames`."""
        capture = cv2.VideoCapture(self._number)
        try:
            if not capture.isOpened():
                msg = f"webcam {self._number} cannot be opened: is it plugged in, and not in use?"
                raise Retry(msg)
            # An old picture is worse than none: keep the driver's queue short where it can be.
            capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
            while True:
                good, image = capture.read()
                if not good:
                    msg = f"webcam {self._number} gives no more pictures"
                    raise Retry(msg)
                picture = cast(Image, image)
                yield SourceFrame(None, None, picture.view)
        finally:
            capture.release()
