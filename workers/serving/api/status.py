"""Say whether the board can be trusted: each stage's freshness, the detector, the stores."""

from collections.abc import Iterable, Sequence

from runtime.clock import Clock
from runtime.errors import Retry
from runtime.process.settings import ServingSettings
from workers.registry.view import RegistryView
from workers.serving.live import answers as views
from workers.serving.live.change_feed import ChangeFeed
from workers.serving.live.freshness import RENEWED_WITHIN_US, judge
from workers.serving.live.pipeline_view import PipelineView
from workers.serving.live.records import CameraTracks, Occupancy, Presence
from workers.serving.live.state import LiveState

FALLBACK_DETECTOR = "opencv-hog"
"""Name of the detector of last resort."""

FALLBACK_CAUTION = (
    "No detection weights were found, so the fallback detector (OpenCV HOG) runs. "
    "It misses many people: do not move staff by these numbers."
)


async def board_status(
    live: LiveState,
    registry: RegistryView,
    settings: ServingSettings,
    clock: Clock,
    feed: ChangeFeed,
    line: PipelineView,
) -> views.Status:
    """The whole status; answers also while Redis is away, and says so.

    Args:
        live: Current values.
        registry: Side inputs.
        settings: For the title and the age from which a value is stale.
        clock: Tells the time.
        feed: For its position and its open streams.
        line: For the lag of the stages.
    """
    now_us = clock.now_us()
    # Taken before any value is read: what is newer than it may be told twice, never not at all.
    changes_after = None if feed.position is None else str(feed.position)
    error, stages, detectors = "", [], []
    try:
        cameras = await live.all("camera", CameraTracks)
        floors = await live.all("floor", Presence)
        zones = await live.all("zone", Occupancy)
    except Retry as exc:
        error = str(exc)
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
            # Between two renewals an unchanged zone is not late.
            _stage(
                "occupancy",
                [(value.record.as_of_us, value.written_us) for value in zones.values()],
                now_us,
                stale_after_s + RENEWED_WITHIN_US / 1e6,
            ),
        ]
        detectors = _detectors(tracks)
    return views.Status(
        now_us=now_us,
        title=settings.board_title,
        stale_after_s=settings.stale_after_s,
        renewed_within_s=RENEWED_WITHIN_US / 1e6,
        redis=views.RedisView(
            reachable=not error, error=error, since_us=live.away_since_us if error else None
        ),
        names=views.NamesView(synced_us=registry.synced_us, error=registry.error),
        stages=stages,
        detectors=detectors,
        lags=line.lags(),
        clients=feed.clients,
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
            caution=FALLBACK_CAUTION if name == FALLBACK_DETECTOR else "",
        )
        for (name, version), camera_ids in sorted(cameras.items())
    ]
