"""Why a zone's figure is what it is, now or at a moment in the past."""

from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Header, HTTPException, Query, Request, Response

from runtime.errors import Retry
from workers.access.rights import Right
from workers.explain.explain import Shown, UnknownZone
from workers.explain.figure import Explanation
from workers.explain.question import BadQuestion
from workers.serving.api.board import AnyBoard, Identity
from workers.serving.api.enforce import unknown
from workers.serving.api.people import AnySources
from workers.serving.api.problems import documented
from workers.serving.api.purpose import HEADER, NoPurpose, stated
from workers.serving.api.viewing import AnyViewing
from workers.serving.api.visible import Visible
from workers.serving.api.why_answers import LeftOut, WhyZone
from workers.serving.api.why_view import Seen, persons_of, view
from workers.serving.live.visibility import Visibility
from workers.storage.timescale.rows import at as to_moment
from workers.storage.timescale.rows import to_us

router = APIRouter(tags=["zones"])

RECENT: Final = timedelta(minutes=5)
"""People of a figure that is no older are shown as those of now are; of an older one, as the past
is: with another right, and a purpose."""


class _Judged:
    """Which parts of one explanation its caller sees, and why not the others.

    Args:
        visible: What the caller sees.
        zone_id: Zone of the figure.
        now: Now, with a time zone.
        headers: Headers of the request, names in lower case.
    """

    def __init__(
        self,
        visible: Visibility,
        zone_id: str,
        now: datetime,
        headers: list[tuple[bytes, bytes]],
    ) -> None:
        self._visible = visible
        self._zone_id = zone_id
        self._now = now
        self._no_purpose = ""
        self.purpose = ""
        try:
            self.purpose = stated(headers)
        except NoPurpose as error:
            self._no_purpose = str(error)
        self._hidden_cameras = False

    def people(self, as_of: datetime) -> bool:
        """Whether people of a figure of a moment are shown."""
        return self._why_no_people(as_of) is None

    def camera(self, camera_id: str) -> bool:
        """Whether a camera is shown."""
        seen = self._visible.sees("camera", camera_id)
        self._hidden_cameras = self._hidden_cameras or not seen
        return seen

    @property
    def seen(self) -> Seen:
        """What is shown."""
        roster = self._visible.sees_roster("zone", self._zone_id)
        return Seen(people=self.people, camera=self.camera, roster=roster)

    def uses_purpose(self, found: Explanation) -> bool:
        """Whether a person of an explanation is shown because of the purpose."""
        return any(
            self._is_past(known.figure["as_of"]) and self.people(known.figure["as_of"])
            for known in (found.shown, found.revised)
            if known is not None
        )

    def left_out(self, found: Explanation) -> list[LeftOut]:
        """What of an explanation is not shown."""
        whys = (
            self._why_no_people(known.figure["as_of"])
            for known in (found.shown, found.revised)
            if known is not None
        )
        left_out = [one for one in whys if one is not None][:1]
        if not self.seen.roster:
            of_zone = f"this needs the right {Right.REGISTRY} in the zone's units"
            left_out += [
                LeftOut(what="staff", right=Right.REGISTRY, why=of_zone),
                LeftOut(what="authors", right=Right.REGISTRY, why=of_zone),
            ]
        if self._hidden_cameras:
            of_cameras = f"this needs the right {Right.BOARD} in their units"
            left_out.append(LeftOut(what="cameras", right=Right.BOARD, why=of_cameras))
        return left_out

    def _is_past(self, as_of: datetime) -> bool:
        return self._now - as_of > RECENT

    def _why_no_people(self, as_of: datetime) -> LeftOut | None:
        visible, zone = self._visible, ("zone", self._zone_id)
        right = Right.HISTORY if self._is_past(as_of) else Right.PRESENCE
        sees = visible.sees_past(*zone) if right is Right.HISTORY else visible.sees_people(*zone)
        if not sees:
            why = f"this needs the right {right} in the zone's units"
            return LeftOut(what="people", right=right, why=why)
        if right is Right.HISTORY and self._no_purpose:
            return LeftOut(what="people", right=right, why=self._no_purpose)
        return None


@router.get("/zones/{zone_id}/why", responses=documented(404, 422, 503))
async def why(
    zone_id: Identity,
    request: Request,
    board: AnyBoard,
    sources: AnySources,
    visible: Visible,
    viewing: AnyViewing,
    response: Response,
    at: Annotated[
        str,
        Query(
            max_length=40,
            description=(
                "ISO 8601; without an offset in the time zone of the zone's floor. A time of day "
                "such as `10:05` is the last one, and `15m` is so long ago. Left out: now."
            ),
        ),
    ] = "0s",
    purpose: Annotated[  # noqa: ARG001 - read with the other headers; here it is documented
        str | None,
        Header(alias=HEADER, description="Why you need to see people of an older figure."),
    ] = None,
) -> WhyZone:
    """Why a zone's figure was what it was: roles, people, facts, cameras and records.

    People are shown one by one to who sees people of the zone, as long as the figure is at most
    five minutes old; those of an older one to who sees its past and states a purpose in
    `X-Purpose`.
    """
    if sources.explanations is None:
        raise Retry("this board has no database to ask")
    now_us = board.clock.now_us()
    now = to_moment(now_us)
    judged = _Judged(visible, zone_id, now, request.scope["headers"])
    may = Shown(judged.people, judged.camera)
    try:
        found = await sources.read_long(partial(sources.explanations.of, zone_id, at, now, may))
    except BadQuestion as error:
        raise HTTPException(422, f"at: {error}") from error
    except UnknownZone as error:
        raise HTTPException(404, f"{unknown('zone', zone_id)} at that moment") from error
    answer = view(found, judged.seen, now_us, [])
    persons = persons_of(answer)
    if persons:
        as_of_us = to_us(found.at) if answer.shown is None else answer.shown.as_of_us
        viewing.purpose = judged.purpose if judged.uses_purpose(found) else ""
        recorded = await viewing.is_recorded(
            f"zone/{zone_id}",
            detail=found.at.isoformat(),
            persons=persons,
            from_us=as_of_us,
            until_us=as_of_us,
        )
        if not recorded:
            return _without_people(found, judged, now_us)
    response.headers["Cache-Control"] = "no-store"
    return answer.model_copy(update={"left_out": judged.left_out(found)})


def _without_people(found: Explanation, judged: _Judged, now_us: int) -> WhyZone:
    """The answer while the audit cannot be written."""
    seen = Seen(people=lambda _: False, camera=judged.camera, roster=False)
    away = "the audit, which must hold who sees people, cannot be written"
    left_out = [
        LeftOut(what="people", right="", why=away),
        LeftOut(what="staff", right="", why=away),
        LeftOut(what="authors", right="", why=away),
        *(one for one in judged.left_out(found) if one.what == "cameras"),
    ]
    return view(found, seen, now_us, left_out)
