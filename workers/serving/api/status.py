"""Whether the board can be trusted: freshness of each stage, detectors, and stores."""

from collections.abc import Iterable, Sequence

from fastapi import APIRouter

from runtime.errors import Retry
from workers.serving.api.board import AnyBoard
from workers.serving.api.visible import Visible
from workers.serving.live import answers as views
from workers.serving.live.freshness import RENEWED_WITHIN_US, judge
from workers.serving.live.records import CameraTracks, Occupancy, Presence

router = APIRouter(tags=["status"])

CAUTIONS = {
    "opencv-hog": (
        "No detection weights were found, so the fallback detector (OpenCV HOG) runs. "
        "It misses many people: do not move staff by these numbers."
    ),
    "ssd_mobilenetv2": (
        "The first choice of detectors is not installed, so the second (SSD) runs. It misses more "
        "people, and people in a crowd are counted too low: run `make install`."
    ),
}
"""What is said of numbers that rest on a detector which is not the first choice, by its name."""


@router.get("/status")
async def status(board: AnyBoard, visible: Visible) -> views.Status:
    """Whether the board can be trusted; answers also while Redis is away."""
    live, feed, settings = board.live, board.feed, board.settings
    now_us = board.clock.now_us()
    # Read before any value: a newer change may be sent twice, but is never left out.
    changes_after = None if feed.position is None else str(feed.position)
    error, stages, detectors = "", [], []
    try:
        cameras = visible.only("camera", await live.all("camera", CameraTracks))
        floors = visible.only("floor", await live.all("floor", Presence))
        zones = visible.only("zone", await live.all("zone", Occupancy))
    except Retry as unreachable:
        error = str(unreachable)
    else:
        stale_after_s = settings.stale_after_s
        tracks = [value.record for value in cameras.values()]
        stages = [
            _stage(
                "tracks",
                [(value.record.captured_us, value.written_us) for value in cameras.values()],
                now_us,
                stale_after_s,
            ),
            _stage(
                "presence",
                [(value.record.as_of_us, value.written_us) for value in floors.values()],
                now_us,
                stale_after_s,
            ),
            # An unchanged zone is not late between two renewals.
            _stage(
                "occupancy",
                [(value.record.as_of_us, value.written_us) for value in zones.values()],
                now_us,
                stale_after_s + RENEWED_WITHIN_US / 1e6,
            ),
        ]
        detectors = _detectors(tracks)
    time_zones = {floor["time_zone"] for floor in board.registry.floors(now_us).values()}
    return views.Status(
        now_us=now_us,
        title=settings.board_title,
        time_zone=time_zones.pop() if len(time_zones) == 1 else "",
        stale_after_s=settings.stale_after_s,
        renewed_within_s=RENEWED_WITHIN_US / 1e6,
        redis=views.RedisView(
            reachable=not error, error=error, since_us=live.away_since_us if error else None
        ),
        names=views.NamesView(synced_us=board.registry.synced_us, error=board.registry.error),
        stages=stages,
        detectors=detectors,
        lags=board.pipeline.lags() if visible.sees_pipeline else [],
        clients=feed.clients if visible.sees_pipeline else 0,
        changes_after=changes_after,
    )


def _stage(
    stage: str, times: Sequence[tuple[int, int]], now_us: int, stale_after_s: float
) -> views.StageView:
    """Sum up values of one kind, each given as (event time, write time) in microseconds."""
    newest = max(times, default=None)
    return views.StageView(
        stage=stage,
        values=len(times),
        stale=sum(judge(now_us, stale_after_s, as_of_us=as_of_us).stale for as_of_us, _ in times),
        written_us=newest[1] if newest else None,
        delay_s=round((newest[1] - newest[0]) / 1e6, 3) if newest else None,
        freshness=judge(now_us, stale_after_s, as_of_us=newest[0] if newest else None),
    )


def _detectors(tracks: Iterable[CameraTracks]) -> list[views.DetectorView]:
    cameras: dict[tuple[str, str], list[str]] = {}
    for camera in tracks:
        if camera.model_name:
            key = (camera.model_name, camera.model_version)
            cameras.setdefault(key, []).append(camera.camera_id)
    return [
        views.DetectorView(
            name=name,
            version=version,
            camera_ids=sorted(camera_ids),
            caution=CAUTIONS.get(name, ""),
        )
        for (name, version), camera_ids in sorted(cameras.items())
    ]
