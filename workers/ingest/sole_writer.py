"""Refuse to serve a camera that another process is serving.

Two processes would give the same `seq` to different frames. A process that serves a camera writes
at least one heartbeat per interval. So if the camera's last record is recent, the topic is watched
for a while before anything is sent. After a crash no more records come, and this process takes
over.
"""

from collections.abc import Callable, Iterable

import structlog

from runtime.process.service import Service
from workers.ingest.fault import CameraFault
from workers.ingest.position import Position

log = structlog.get_logger(__name__)

WATCH_HEARTBEATS = 1.5
"""Time that the topic is watched per round, heartbeats; a live process writes within it."""

ROUNDS = 2
"""Rounds of watching; records in flight when their sender was killed may still arrive in one."""

_RECENT_US = 5_000_000


def sole_positions(
    service: Service, camera_ids: Iterable[str], read: Callable[[str], Position]
) -> dict[str, Position]:
    """Find the end of each camera's records, and check that no other process adds to them.

    Args:
        service: Heartbeat interval, clock and stop signal.
        camera_ids: The cameras.
        read: Finds the end of one camera's records.

    Raises:
        CameraFault: A camera's records grow while they are watched; the message names the camera.
        Retry: From `read`.
    """
    positions = {camera_id: read(camera_id) for camera_id in camera_ids}
    now_us = service.clock.now_us()
    watched = [
        camera_id
        for camera_id, position in positions.items()
        if position.appended_us is not None and abs(now_us - position.appended_us) < _RECENT_US
    ]
    for _ in range(ROUNDS):
        if not watched:
            return positions
        log.info("ingest.watching_for_another", camera_ids=watched)
        if service.stop.wait(WATCH_HEARTBEATS * service.settings.ingest.heartbeat_s):
            return positions
        found = {camera_id: read(camera_id) for camera_id in watched}
        watched = [name for name in watched if found[name].next_seq != positions[name].next_seq]
        positions |= found
    if watched:
        raise CameraFault(
            f"another process is serving camera {', '.join(sorted(watched))}: stop that one first, "
            "or correct --camera (two would mix their frames)",
            field="camera_id",
        )
    return positions
