"""What the caller of a request may see, as a dependency of the routes."""

from typing import Annotated

from fastapi import Depends

from workers.serving.api.board import AnyBoard
from workers.serving.api.caller import Caller
from workers.serving.live.visibility import Visibility


def _visible(board: AnyBoard, caller: Caller) -> Visibility:
    return Visibility(caller, lambda: board.registry.unit_index(board.clock.now_us()))


Visible = Annotated[Visibility, Depends(_visible)]
