"""The processes of the attacked pipeline, and the services that each of them uses."""

from typing import Final

from deploy.services import Component

HOST: Final = "127.0.0.1"

STREAMS: Final = ("stream-0", "stream-1", "stream-2")
SINK_TIMESCALE: Final = "sink-timescale"
SINK_REDIS: Final = "sink-redis"
SERVE: Final = "serve"
SINKS: Final = (SINK_TIMESCALE, SINK_REDIS)

CLOCKS: Final = ("clocks-0", "clocks-1")
"""They run only where the input is dated by the wall clock."""

COMMANDS: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(STREAMS, ("stream",)),
    SINK_TIMESCALE: ("sink", "timescale"),
    SINK_REDIS: ("sink", "redis"),
    SERVE: ("serve",),
}
"""Arguments after `wardstream`, by the name of the process."""

LIVE_COMMANDS: Final[dict[str, tuple[str, ...]]] = {
    **COMMANDS,
    **dict.fromkeys(CLOCKS, ("clocks",)),
}
"""Arguments after `wardstream`, with the processes that follow clocks."""

TALKS_TO: Final[dict[str, tuple[Component, ...]]] = {
    **dict.fromkeys(STREAMS, ("kafka", "registry")),
    SINK_TIMESCALE: ("kafka", "registry", "timescale"),
    SINK_REDIS: ("kafka", "registry", "redis"),
    SERVE: ("kafka", "registry", "timescale", "redis"),
}
"""Processes that notice the loss of a service, by service."""


def link(process: str, service: Component) -> str:
    """Name of the proxy between a process and a service."""
    return f"{process}.{service}"


def door(process: str) -> str:
    """Name of the broker's listener for one process."""
    return process.replace("-", "").upper()
