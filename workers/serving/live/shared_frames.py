"""What an event shows to callers of the same rights, made once for all of them."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Final

from workers.serving.live.event import Event
from workers.serving.live.visibility import Visibility

KEPT: Final = 4_096
"""Frames that are kept, the latest; slower readers have theirs made anew."""


class SharedFrames:
    """Frames of events by what their callers may see.

    Args:
        kept: Frames that are kept.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._frames: OrderedDict[Hashable, bytes | None] = OrderedDict()

    def frame(self, event: Event, visible: Visibility) -> bytes | None:
        """The bytes of an event as a caller gets it; None for an event that it does not get."""
        if event.stream_id is None or visible.sees_everything:
            return visible.frame(event)
        key = (event.stream_id, visible.rights, visible.units_now)
        if key not in self._frames:
            self._frames[key] = visible.frame(event)
            if len(self._frames) > self._kept:
                self._frames.popitem(last=False)
        return self._frames[key]
