"""Dependencies of the API routes, which FastAPI injects.

A route names what it needs as a parameter, such as `state: State`; `create_app` puts one `Board`
into the application.
"""

from dataclasses import dataclass, field
from typing import Annotated, Final

from fastapi import Depends, FastAPI, Path, Request

from runtime.clock import Clock
from runtime.process.sections import ServingSettings
from workers.registry.view import RegistryView
from workers.serving.live.board_state import BoardState
from workers.serving.live.camera_pace import CameraPace
from workers.serving.live.change_feed import ChangeFeed
from workers.serving.live.pipeline_view import PipelineView
from workers.serving.live.shared_frames import SharedFrames
from workers.serving.live.shared_pulses import SharedPulses
from workers.serving.live.state import LiveState

PREFIX: Final = "/api/v1"
"""Prefix of every path of the API."""

Identity = Annotated[str, Path(min_length=1, max_length=200)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Board:
    """The parts of one board.

    Attributes:
        state: Joined answers about zones, cameras and floors.
        live: Current values in Redis.
        feed: Changes of those values.
        registry: Reference data: names, zones, cameras and shifts.
        pipeline: Alerts, and the lag of each stage.
        pulses: The newest frame of each camera.
        settings: Title, address and limits of the board.
        clock: Clock of the server.
        pace: Frames per second of cameras.
        frames: Events as callers of the same rights get them.
    """

    state: BoardState
    live: LiveState
    feed: ChangeFeed
    registry: RegistryView
    pipeline: PipelineView
    pulses: SharedPulses
    settings: ServingSettings
    clock: Clock
    pace: CameraPace = field(default_factory=CameraPace)
    frames: SharedFrames = field(default_factory=SharedFrames)

    def provide(self, app: FastAPI) -> None:
        """Make this board available to the routes of an application."""
        app.state.board = self


def board_of(request: Request) -> Board:
    """The board of the application that received a request."""
    board: Board = request.app.state.board
    return board


def _state(board: Annotated[Board, Depends(board_of)]) -> BoardState:
    return board.state


AnyBoard = Annotated[Board, Depends(board_of)]
State = Annotated[BoardState, Depends(_state)]
