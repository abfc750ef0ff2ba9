"""An event stream in the audit: an entry before its first byte, and one when it ends.

A board that is killed writes no second entry; the first one stays, without an end.
"""

from collections.abc import Sequence
from typing import Final

from workers.serving.api.board import Board
from workers.serving.api.viewing import Viewing
from workers.serving.live.visibility import Visibility

CLOSED: Final = "stream.closed"
"""Action in the audit of a stream that ended."""


class AuditedStream:
    """What one stream shows, and since when.

    Args:
        board: The board.
        viewing: Records it.
        visible: What its reader may see.
        kinds: Kinds of change that it sends.
        floors: Floors whose changes it sends; None for all.
    """

    def __init__(
        self,
        board: Board,
        viewing: Viewing,
        visible: Visibility,
        kinds: Sequence[str],
        floors: Sequence[str] | None = None,
    ) -> None:
        self._board = board
        self._viewing = viewing
        self._visible = visible
        self._detail = f"kinds {', '.join(kinds)}"
        self._of_floors = None if floors is None else frozenset(floors)
        self._since_us = 0
        self._cameras: set[str] = set()
        self._floors: set[str] = set()
        self.shows_people = False

    @property
    def lacks_people(self) -> bool:
        """Whether people are left out for want of the audit, so that it is worth to try again."""
        return self._visible.may_see_people and not self.shows_people

    async def open(self) -> Visibility:
        """Record that the stream begins; gives what it may show.

        While the audit cannot be written, that is figures without people.
        """
        if not self._visible.may_see_people:
            return self._visible
        self._since_us = self._board.clock.now_us()
        self._add_shown()
        self.shows_people = await self._viewing.is_recorded(
            "changes",
            detail=self._detail,
            cameras=sorted(self._cameras),
            floors=sorted(self._floors),
            from_us=self._since_us,
        )
        return self._visible if self.shows_people else self._visible.without_people()

    async def close(self) -> None:
        """Record that the stream ends, and what it showed."""
        if not self.shows_people:
            return
        self._add_shown()
        until_us = self._board.clock.now_us()
        await self._viewing.is_recorded(
            "changes",
            action=CLOSED,
            detail=f"{self._detail}; {(until_us - self._since_us) / 1e6:.1f} s",
            cameras=sorted(self._cameras),
            floors=sorted(self._floors),
            from_us=self._since_us,
            until_us=until_us,
        )

    def _add_shown(self) -> None:
        registry, now_us = self._board.registry, self._board.clock.now_us()
        visible = self._visible
        self._cameras |= {
            one
            for one, camera in registry.cameras(now_us).items()
            if self._is_asked(camera["floor_id"]) and visible.sees_people("camera", one)
        }
        self._floors |= {
            one
            for one in registry.floors(now_us)
            if self._is_asked(one) and visible.sees_some_people("floor", one)
        }

    def _is_asked(self, floor_id: str) -> bool:
        return self._of_floors is None or floor_id in self._of_floors
