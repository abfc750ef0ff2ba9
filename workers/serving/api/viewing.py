"""What a request shows of single people: in the audit before its first byte."""

from collections.abc import Iterable
from typing import Annotated

import structlog
from fastapi import Depends, Request

from runtime.audit import Act
from workers.access.principal import Principal
from workers.audit.recorder import AuditUnavailable, Recorder

log = structlog.get_logger(__name__)


class Viewing:
    """Records what one request shows; `Enforce` makes it, with the action of the request's row.

    Args:
        recorder: The audit.
        principal: Who asks.
        action: What a view is called in the audit.
        purpose: Why, as the caller stated it; empty where none is asked for.

    Attributes:
        recorded: Whether the view is in the audit, so that its answer may go out.
    """

    def __init__(
        self, recorder: Recorder, principal: Principal, action: str, purpose: str = ""
    ) -> None:
        self._recorder = recorder
        self._principal = principal
        self._action = action
        self.purpose = purpose
        self.recorded = False

    async def record(
        self,
        subject: str,
        *,
        detail: str = "",
        action: str = "",
        persons: Iterable[str] = (),
        cameras: Iterable[str] = (),
        floors: Iterable[str] = (),
        from_us: int | None = None,
        until_us: int | None = None,
    ) -> None:
        """Record what the answer shows; see `runtime.audit.Act`.

        Args:
            subject: What is shown, such as `floor/ward-3`.
            detail: More of it, such as the filter of a stream.
            action: In place of the row's.
            persons: Ids of people and of members of staff whom it shows one by one.
            cameras: Ids of cameras whose people it shows.
            floors: Ids of floors whose people it shows.
            from_us: Start of the time that it shows, UTC microseconds; None for now.
            until_us: End of that time; None for now.

        Raises:
            AuditUnavailable: It could not be recorded, so it must not be shown.
        """
        principal = self._principal
        act = Act(
            action or self._action,
            subject,
            detail,
            persons=tuple(persons),
            cameras=tuple(cameras),
            floors=tuple(floors),
            from_us=from_us,
            until_us=until_us,
            client=principal.session or principal.kind,
        )
        await self._recorder.record(act, actor=principal.subject, why=self.purpose)
        self.recorded = True

    async def is_recorded(
        self,
        subject: str,
        *,
        detail: str = "",
        action: str = "",
        persons: Iterable[str] = (),
        cameras: Iterable[str] = (),
        floors: Iterable[str] = (),
        from_us: int | None = None,
        until_us: int | None = None,
    ) -> bool:
        """Record what an answer shows of people beside its figures, which go out in any case.

        The arguments are those of `record`.

        Returns:
            Whether it was recorded; if not, leave the people out.
        """
        try:
            await self.record(
                subject,
                detail=detail,
                action=action,
                persons=persons,
                cameras=cameras,
                floors=floors,
                from_us=from_us,
                until_us=until_us,
            )
        except AuditUnavailable as error:
            log.warning("serving.people_left_out", subject=subject, error=str(error))
            return False
        return True


def _viewing(request: Request) -> Viewing:
    viewing: Viewing = request.state.viewing
    return viewing


AnyViewing = Annotated[Viewing, Depends(_viewing)]
