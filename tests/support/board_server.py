"""A board in a thread of the test, on a real socket, that can be stopped and started again."""

import asyncio
import threading
from collections.abc import Mapping
from contextlib import closing
from typing import Self

from runtime.clock import Clock, SystemClock
from runtime.process.health import Health
from runtime.process.login import LoginSettings
from runtime.process.sections import ServingSettings
from runtime.process.service import Service
from runtime.process.settings import Settings
from tests.support.kept_audit import KeptAudit
from workers.audit.recorder import Recorder
from workers.registry.view import RegistryView
from workers.serving.api.caller import Authenticator
from workers.serving.api.people import Sources
from workers.serving.api.registry.parts import Registry
from workers.serving.app import create_app
from workers.serving.audit_reader import AuditReader
from workers.serving.evidence.alert_actions import ActionDesk
from workers.serving.evidence.desk import ReadDesk
from workers.serving.evidence.feedback import FeedbackDesk
from workers.serving.live.pipeline_view import PipelineView
from workers.serving.login.login import Login, login_of
from workers.serving.process import address, bind, serve_app
from workers.serving.tls import certificate_of


class BoardServer:
    """Serves the board until `stop`; `start` again takes the same port.

    Args:
        redis_url: Where the live state is.
        prefix: Prefix of the Redis keys.
        registry: Reference data: names, zones and cameras.
        stale_after_s: Age from which a value is stale, seconds.
        queue_length: Most events that wait for one client.
        topic_prefix: Topic prefix of the run whose values it shows.
        max_clients: Most event streams that are open at once.
        pipeline: Alerts, and the lag of each stage.
        login: Settings of its logins; without a provider everybody is the local coordinator.
        clock: Its clock; the machine's own when left out.
        tls: How it is encrypted, and with which files.
        authenticator: Tells who asks; the logins when None.
        recorder: The audit; one in memory when None.
        seen: Answers questions about the audit.
        sources: What was recorded of single people.
        editing: What is edited; its routes answer 503 when None.
        feedback: Takes in feedback; its route answers 503 when None.
        actions: Takes in what people do about alerts; its routes answer 503 when None.
        max_streams_per_subject: Most event streams of one subject.
        reads: Takes in reads of badges; they are answered with 503 when None.
    """

    def __init__(
        self,
        redis_url: str,
        prefix: str,
        registry: RegistryView | None = None,
        *,
        stale_after_s: float = 5.0,
        queue_length: int = 1_000,
        title: str = "Ward 3",
        topic_prefix: str = "",
        max_clients: int = 200,
        pipeline: PipelineView | None = None,
        login: LoginSettings | None = None,
        clock: Clock | None = None,
        tls: Mapping[str, object] | None = None,
        authenticator: Authenticator | None = None,
        recorder: Recorder | None = None,
        seen: AuditReader | None = None,
        sources: Sources | None = None,
        editing: Registry | None = None,
        feedback: FeedbackDesk | None = None,
        actions: ActionDesk | None = None,
        max_streams_per_subject: int = 20,
        reads: ReadDesk | None = None,
    ) -> None:
        self.settings = Settings.model_validate(
            {
                "redis_url": redis_url,
                "redis_prefix": prefix,
                "topic_prefix": topic_prefix,
                "serving": ServingSettings(
                    stale_after_s=stale_after_s,
                    board_title=title,
                    max_clients=max_clients,
                    max_streams_per_subject=max_streams_per_subject,
                    **(tls or {}),
                ),
                "login": login or LoginSettings(),
            }
        )
        self.redis_url = redis_url
        self.registry = registry or RegistryView()
        self.pipeline = pipeline or PipelineView()
        self.login: Login | None = None
        self._clock = clock or SystemClock()
        self.recorder: Recorder = recorder or KeptAudit()
        self._authenticator = authenticator
        self._seen = seen
        self._sources = sources
        self._editing = editing
        self._reads = reads
        self._feedback = feedback
        self._actions = actions
        self._queue_length = queue_length
        self._port = 0
        self.url = ""
        self._service: Service | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> Self:
        """Serve; returns when requests are accepted."""
        listener = bind("127.0.0.1", self._port)
        self._port = listener.getsockname()[1]
        serving = self.settings.serving
        certificate = certificate_of(serving, ["localhost", "127.0.0.1"], SystemClock())
        self.url = address(listener, "http" if certificate is None else "https")
        service = self._service = Service(self.settings, Health("serving"), self._clock)
        self.login = login_of(
            self.settings.login,
            serving,
            redis_url=self.redis_url,
            prefix=self.settings.live_prefix,
            url=self.url,
            recorder=self.recorder,
            clock=service.clock,
        )
        app = create_app(
            self.settings.redis_url.get_secret_value(),
            self.settings.live_prefix,
            self.settings.serving,
            service.clock,
            self.registry,
            pipeline=self.pipeline,
            queue_length=self._queue_length,
            login=self.login,
            authenticator=self._authenticator,
            recorder=self.recorder,
            seen=self._seen,
            sources=self._sources,
            editing=self._editing,
            reads=self._reads,
            feedback=self._feedback,
            actions=self._actions,
        )

        def run() -> None:
            with closing(listener):
                asyncio.run(serve_app(app, listener, service, certificate))

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """End as on SIGTERM; safe to call twice."""
        if self._service is not None and self._thread is not None:
            self._service.stop.set()
            self._thread.join(timeout=60)
            assert not self._thread.is_alive(), "the board did not end"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
