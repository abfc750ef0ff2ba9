"""Decide whether a camera's view can be trusted: the guard suspects it, a person confirms it."""

from typing import Any, Final, cast

from runtime.audit import Act
from runtime.errors import Stop
from runtime.facts.decision import Newest, decide
from runtime.kafka.cluster import Cluster
from schemas.records.cameras import CameraVerdict, CameraView
from schemas.topics import CAMERA_VIEWS, CAMERAS

CONFIRMED: Final = "camera.confirmed"
"""Action in the audit."""


def confirming(camera_id: str) -> Act:
    """The audit's entry of a confirmation; written before it."""
    return Act(CONFIRMED, f"{CAMERAS.name}/{camera_id}", cameras=(camera_id,))


def confirm(
    cluster: Cluster, camera_id: str, *, camera_version: int, by: str, reason: str
) -> CameraView:
    """Write that a camera's view and calibration are right from now on.

    Args:
        cluster: Where the topics are.
        camera_id: A registered camera.
        camera_version: Its version.
        by: Who has looked at it.
        reason: Why, in their words.

    Raises:
        Stop: No reason is given.
        Retry: The broker or the schema registry is out of reach, or somebody else decided at the
            same time; try again.
    """
    if not reason.strip():
        raise Stop("no reason: say what you looked at before you confirmed the view")

    def trusted(_: Newest) -> dict[str, Any]:
        return _content("TRUSTED", reason.strip(), cluster.clock.now_us(), camera_version)

    return cast(CameraView, decide(cluster, CAMERA_VIEWS, camera_id, trusted, by=by))


def suspect(
    cluster: Cluster,
    camera_id: str,
    verdict: CameraVerdict,
    *,
    since_us: int,
    camera_version: int,
    known: int,
) -> CameraView | None:
    """Write that positions from a camera may be wrong, unless that is written or somebody decided.

    Args:
        cluster: Where the topics are.
        camera_id: The camera.
        verdict: What is the matter with it.
        since_us: Since when, UTC microseconds.
        camera_version: Version of the camera that was judged.
        known: Version of the newest decision that the judge knew, 0 for none.

    Raises:
        Retry: The broker or the schema registry is out of reach, or somebody else decided at the
            same time; try again.
    """

    def suspected(newest: Newest) -> dict[str, Any] | None:
        if newest is not None and newest["version"] != known:
            return None
        content = _content("SUSPECT", verdict, since_us, camera_version)
        return {**content, "valid_from_us": since_us}

    found = decide(cluster, CAMERA_VIEWS, camera_id, suspected, by="guard")
    return cast("CameraView | None", found)


def _content(state: str, reason: str, since_us: int, camera_version: int) -> dict[str, Any]:
    return {
        "state": state,
        "reason": reason,
        "since_us": since_us,
        "camera_version": camera_version,
    }
