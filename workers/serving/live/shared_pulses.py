"""The newest frames of all cameras, read once for all who ask within a second."""

import asyncio
from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel

from runtime.clock import Clock
from workers.serving.live.state import Live, LiveState

FRESH_S: Final = 1.0
"""An answer that is younger is given again, s."""


class CameraPulse(BaseModel):
    """Of the live value of a camera, what its place in the pipeline needs; no people."""

    camera_id: str
    seq: int
    captured_us: int
    model_name: str = ""
    model_version: str = ""


class SharedPulses:
    """Reads the pulses of all cameras, at most once a second whoever asks.

    Args:
        live: Where they are.
        clock: Decides how old an answer is.
    """

    def __init__(self, live: LiveState, clock: Clock) -> None:
        self._live = live
        self._clock = clock
        self._lock = asyncio.Lock()
        self._read_s: float | None = None
        self._pulses: Mapping[str, Live[CameraPulse]] = {}

    async def read(self) -> Mapping[str, Live[CameraPulse]]:
        """The newest pulse of each camera, by id.

        Raises:
            Retry: Redis is out of reach. The next one asks again.
        """
        async with self._lock:
            now_s = self._clock.monotonic_s()
            if self._read_s is None or now_s - self._read_s >= FRESH_S:
                self._read_s = None
                self._pulses = await self._live.all("camera", CameraPulse)
                self._read_s = now_s
            return self._pulses
