"""The board and its API as one ASGI application."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from fastapi import Depends, FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from runtime.clock import Clock
from runtime.process.sections import ServingSettings
from runtime.storage import breaker
from workers.access.reach import UnitsOf
from workers.audit.recorder import NoAudit, Recorder
from workers.registry.view import RegistryView
from workers.serving.api import problems
from workers.serving.api.access import ACCESS
from workers.serving.api.badge_reads import ReadIntake
from workers.serving.api.board import PREFIX, Board
from workers.serving.api.caller import Authenticate, Authenticator, LocalCoordinator
from workers.serving.api.enforce import Enforce, check_rows, guarded_routes, judged
from workers.serving.api.feedback import FeedbackIntake
from workers.serving.api.head import HeadAsGet
from workers.serving.api.people import Sources
from workers.serving.api.registry import parts as registry_parts
from workers.serving.api.registry.parts import Registry
from workers.serving.api.routes import describe_problems, router
from workers.serving.api.security import SecurityHeaders
from workers.serving.api.zone_alerts import AlertIntake
from workers.serving.audit_reader import AuditReader
from workers.serving.evidence.alert_actions import ActionDesk
from workers.serving.evidence.desk import ReadDesk
from workers.serving.evidence.feedback import FeedbackDesk
from workers.serving.live.board_state import BoardState
from workers.serving.live.change_feed import QUEUE_LENGTH, ChangeFeed
from workers.serving.live.pipeline_view import PipelineView
from workers.serving.live.recent_zones import RecentZones
from workers.serving.live.shared_pulses import SharedPulses
from workers.serving.live.state import BREAKER, LiveState, connect
from workers.serving.live.trends import Trends
from workers.serving.login import routes as logins
from workers.serving.login.login import Login, origin_of
from workers.serving.recorded.rule_trials import RuleTrials

WEB: Final = Path(__file__).parent / "web"

ANSWER_WITHIN_S: Final = 2.0
"""Time after which Redis counts as out of reach, seconds per command."""

PIPELINE_POLL_S: Final = 0.3
"""Pause between two polls of the alerts, seconds."""

NAMES_POLL_S: Final = 1.0
"""Pause between two polls of names and zones, seconds."""


class BoardFiles(StaticFiles):
    """Files of the page; browsers check each for changes, so that they never mix two releases."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer with one file."""
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response


def create_app(
    redis_url: str,
    live_prefix: str,
    settings: ServingSettings,
    clock: Clock,
    registry: RegistryView | None = None,
    *,
    pipeline: PipelineView | None = None,
    queue_length: int = QUEUE_LENGTH,
    editing: Registry | None = None,
    authenticator: Authenticator | None = None,
    login: Login | None = None,
    recorder: Recorder | None = None,
    seen: AuditReader | None = None,
    sources: Sources | None = None,
    reads: ReadDesk | None = None,
    feedback: FeedbackDesk | None = None,
    actions: ActionDesk | None = None,
    trials: RuleTrials | None = None,
) -> FastAPI:
    """Build the application; it connects to nothing before it starts.

    Args:
        redis_url: URL of Redis.
        live_prefix: Prefix of every key in Redis.
        settings: Settings of the board.
        clock: Clock of the server.
        registry: Names, polygons and shifts; the board shows ids when it is empty.
        pipeline: Alerts, and the lag of each stage; empty when left out.
        queue_length: Events that a browser may lag before it is dropped.
        editing: What is edited; without it, the registry's routes answer 503.
        authenticator: Tells who sends a request; left out: the logins do, and without those
            everybody is the local coordinator.
        login: Logins at a provider; closed with the application. None where there is no provider.
        recorder: The audit; left out: nothing that must be in it is shown.
        seen: Answers questions about the audit; left out: they are answered with 503.
        sources: What was recorded of single people; left out: its routes answer 503.
        reads: Takes in reads of badges; left out: they are answered with 503.
        feedback: Takes in feedback; left out: it is answered with 503.
        actions: Takes in what people do about alerts; left out: it is answered with 503.
        trials: Tries rules over the recorded past; left out: it is answered with 503.

    Returns:
        The application; `app.state.board` holds its parts.

    Raises:
        Stop: A route has no row in `ACCESS`, or a row no route.
    """
    registry, recorder = registry or RegistryView(), recorder or NoAudit()
    pipeline, sources = pipeline or PipelineView(), sources or Sources()
    reader, follower = (connect(redis_url, answer_within_s=ANSWER_WITHIN_S) for _ in range(2))
    trends, recent, guard = Trends(), RecentZones(), breaker.Guard("redis", clock, BREAKER)
    live = LiveState(reader, live_prefix, guard)
    feed = ChangeFeed(follower, live_prefix, [trends.take, recent.take], clock, guard, queue_length)
    state = BoardState(live, registry, trends, recent, clock, settings.stale_after_s)

    async def watch_pipeline() -> None:
        shown = pipeline.version
        while True:
            await asyncio.sleep(PIPELINE_POLL_S)
            if pipeline.version != shown:
                shown = pipeline.version
                feed.announce_pipeline(pipeline.answer(clock.now_us()).model_dump())

    async def watch_names() -> None:
        shown = registry.fingerprint(clock.now_us())
        while True:
            await asyncio.sleep(NAMES_POLL_S)
            now = registry.fingerprint(clock.now_us())
            if now != shown:
                shown = now
                feed.announce_names()

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        tasks = [
            asyncio.create_task(step)
            for step in (feed.run(), feed.beat(), watch_names(), watch_pipeline())
        ]
        try:
            yield
        finally:
            feed.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await reader.aclose()
            await follower.aclose()
            if login is not None:
                await login.close()

    app = FastAPI(
        title="Wardstream",
        version="1",
        summary="Who is in which zone now, against who is scheduled and required.",
        description="Times are UTC microseconds of event time unless a field says otherwise.",
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,  # FastAPI's page loads scripts from other hosts
        redoc_url=None,
        lifespan=lifespan,
        dependencies=[Depends(judged)],
    )
    Board(
        state=state,
        live=live,
        feed=feed,
        registry=registry,
        pipeline=pipeline,
        pulses=SharedPulses(live, clock),
        settings=settings,
        clock=clock,
    ).provide(app)
    authenticator = authenticator or _authenticator(login)
    app.state.login, app.state.authenticator = login, authenticator
    app.state.recorder, app.state.seen, app.state.sources = recorder, seen, sources
    app.state.trials = trials
    app.state.intakes = (
        ReadIntake(reads, settings, clock),
        FeedbackIntake(feedback, settings, clock),
        AlertIntake(sources.alerts, actions, settings, clock),
    )
    problems.install(app)
    registry_parts.provide(app, editing)
    app.include_router(router())
    app.include_router(logins.router)
    describe_problems(app)
    app.mount("/", BoardFiles(directory=WEB, html=True), name="board")
    _protect(
        app,
        settings,
        authenticator,
        login,
        units=lambda: registry.unit_index(clock.now_us()),
        recorder=recorder,
    )
    return app


def _authenticator(login: Login | None) -> Authenticator:
    return LocalCoordinator() if login is None else login.authenticator


def _protect(
    app: FastAPI,
    settings: ServingSettings,
    authenticator: Authenticator,
    login: Login | None,
    *,
    units: Callable[[], UnitsOf],
    recorder: Recorder,
) -> None:
    """Put what judges each request around the application.

    Raises:
        Stop: A route has no row of rights, or a row has no route.
    """
    routes = guarded_routes(app)
    check_rows(routes, ACCESS)
    app.add_middleware(Enforce, routes=routes, units=units, recorder=recorder)
    app.add_middleware(Authenticate, authenticator=authenticator)
    app.add_middleware(HeadAsGet, prefix=PREFIX)
    public = urlsplit("" if login is None else login.public_url)
    app.add_middleware(
        SecurityHeaders,
        host=settings.host,
        public_host=public.hostname or "",
        https=settings.tls != "off" or public.scheme == "https",
        provider="" if login is None else origin_of(login.provider.issuer),
    )
