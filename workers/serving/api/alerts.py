"""Alerts of zones, alerts about the pipeline, and the lag of each stage."""

from fastapi import APIRouter

from workers.serving.api.board import AnyBoard, State
from workers.serving.api.problems import documented
from workers.serving.api.viewing import AnyViewing
from workers.serving.api.visible import Visible
from workers.serving.live import answers as views

router = APIRouter(tags=["status"])


@router.get("/open-alerts", responses=documented(503))
async def open_alerts(state: State, visible: Visible, viewing: AnyViewing) -> views.OpenAlerts:
    """Alerts of zones that are open now, by floor, each as it was decided last.

    This is where a reader of `/changes` starts: the very records that it sends, with their `seq`,
    and no database is asked. How alerts stand, and those that are over, are in `/zone-alerts`.
    """
    found = await state.alerts()
    shown = visible.alerts(found)
    alerts = [alert for floor in shown.floors for alert in (*floor.decided, *floor.open)]
    people = {one for alert in alerts for one in alert.person_ids}
    if people and not await viewing.is_recorded("open-alerts", persons=sorted(people)):
        return visible.without_people().alerts(found)
    return shown


@router.get("/line")
async def pipeline_now(board: AnyBoard, visible: Visible) -> views.PipelineNow:
    """Raised alerts, and the lag of each stage; answers also without Redis."""
    return visible.pipeline(board.pipeline.answer(board.clock.now_us()))
