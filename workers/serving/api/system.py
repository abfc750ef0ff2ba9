"""How cameras, stages and models do: for whoever runs the pipeline."""

from fastapi import APIRouter

from runtime.errors import Retry
from workers.serving.api.board import AnyBoard
from workers.serving.api.status import CAUTIONS
from workers.serving.api.visible import Visible
from workers.serving.live.answers import RedisView
from workers.serving.live.system_answers import SystemNow
from workers.serving.live.system_view import (
    LEAST_SILENT_S,
    KnownCameras,
    cameras_now,
    models_now,
    stages_now,
)

router = APIRouter(tags=["status"])


@router.get("/system")
async def system(board: AnyBoard, visible: Visible) -> SystemNow:
    """Cameras, stages and models, the worst first; answers also while Redis or Kafka is away."""
    now_us = board.clock.now_us()
    error, pulses = "", None
    rates: dict[str, float | None] = {}
    try:
        pulses = await board.pulses.read()
    except Retry as unreachable:
        error = str(unreachable)
    else:
        now_us = board.clock.now_us()
        rates = board.pace.update(now_us, {one: live.record.seq for one, live in pulses.items()})
    registry, pipeline = board.registry, visible.pipeline(board.pipeline.answer(now_us))
    registered = {
        camera_id: camera
        for camera_id, camera in registry.cameras(now_us).items()
        if visible.sees_pipeline_of("camera", camera_id)
    }
    known = KnownCameras(
        registered=registered,
        floors=registry.floors(now_us),
        pulses=pulses,
        rates=rates,
        clocks=registry.clocks(now_us),
        suspects={one: view["since_us"] for one, view in registry.suspects(now_us).items()},
        alerts=pipeline.alerts,
    )
    silent_after_s = max(LEAST_SILENT_S, board.settings.stale_after_s)
    cameras = cameras_now(known, now_us, silent_after_s)
    signs, stage_rates, stages_us = board.pipeline.signs()
    return SystemNow(
        now_us=now_us,
        redis=RedisView(
            reachable=not error, error=error, since_us=board.live.away_since_us if error else None
        ),
        error=pipeline.error,
        stages_us=stages_us,
        silent_after_s=silent_after_s,
        cameras=cameras,
        stages=stages_now(signs, stage_rates, pipeline.alerts, not pipeline.error),
        models=models_now(cameras, CAUTIONS),
        dead_letters=board.pipeline.dead_letters.counts(now_us),
        alerts=[
            one for one in pipeline.alerts if not one.subject.startswith(("camera/", "stage/"))
        ],
    )
