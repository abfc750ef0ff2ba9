"""Keep the backgrounds of cameras in the object store, so that a restart learns no moved view.

There is one for each version of a camera, and for each time that somebody confirmed its view:
whoever has moved a camera on purpose edits or confirms it, and the view is learnt again.
"""

from typing import Final, cast

import cv2
import numpy as np
import structlog

from runtime.storage.objects import ObjectStore, safe_name
from workers.guard.pictures import Picture

log = structlog.get_logger(__name__)

FOLDER: Final = "backgrounds"


class Backgrounds:
    """The backgrounds that were learnt.

    Args:
        store: Where they are kept.
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def read(self, camera_id: str, version: int, confirmed: int) -> Picture | None:
        """The background of a camera's version; None while none was learnt.

        Args:
            camera_id: The camera.
            version: Its version.
            confirmed: Number of the last confirmation of its view; 0 without one.

        Raises:
            Retry: The store is out of reach.
            Stop: The store refuses access.
        """
        path = path_of(camera_id, version, confirmed)
        data = self._store.read(path)
        if data is None:
            return None
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
        if picture is None:
            log.warning("guard.background_unreadable", path=path)
        return cast("Picture | None", picture)

    def write(self, camera_id: str, version: int, confirmed: int, picture: Picture) -> None:
        """Keep the background of a camera's version; see `read`.

        Raises:
            Retry: The store is out of reach.
            Stop: The store refuses access.
        """
        written, data = cv2.imencode(".png", picture)
        if not written:
            raise ValueError("a background cannot be written as PNG")
        self._store.put(path_of(camera_id, version, confirmed), data.tobytes())


def path_of(camera_id: str, version: int, confirmed: int) -> str:
    """Path of a background below the store's URL: `backgrounds/bed-1/3.png`, or `3-5.png`."""
    number = f"{version}-{confirmed}" if confirmed else str(version)
    return f"{FOLDER}/{safe_name(camera_id)}/{number}.png"
