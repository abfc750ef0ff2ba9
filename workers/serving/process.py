"""Run the board as a process."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from functools import partial
from ipaddress import ip_address
from urllib.parse import urlsplit

import structlog
import uvicorn
from fastapi import FastAPI

from runtime.errors import Retry, Stop
from runtime.kafka.access import check_access
from runtime.kafka.cluster import Cluster
from runtime.kafka.rights import rights_of
from runtime.process.registry import keys_of
from runtime.process.service import Service
from runtime.storage.guarded import GuardedStore
from schemas.topics import CAMERA_CLOCK, CAMERA_VIEWS, REFERENCE_TOPICS
from workers.audit.recorder import Recorder
from workers.audit.writer import AuditLog
from workers.registry.editing.database import Database
from workers.registry.editing.drawings import Drawings
from workers.registry.editing.sealed import ADDRESSES, NAMES, SealedTexts
from workers.registry.editing.store import RegistryStore
from workers.registry.follower import RegistryFollower
from workers.registry.vault.door import doors_of
from workers.registry.vault.erasing import Eraser, refuse_the_erased, warn_without_list
from workers.registry.vault.erasures import erasure_list
from workers.registry.vault.vault import Vault
from workers.registry.view import RegistryView
from workers.serving.api.people import Sources
from workers.serving.api.registry.parts import Registry
from workers.serving.app import create_app
from workers.serving.audit_reader import AuditReader
from workers.serving.editing.erasing import ErasureDesk
from workers.serving.evidence.alert_actions import ActionDesk
from workers.serving.evidence.desk import ReadDesk
from workers.serving.evidence.feedback import FeedbackDesk
from workers.serving.evidence.writer import ActionWriter, FeedbackWriter, ReadWriter
from workers.serving.live.dead_letter_follower import DeadLetterFollower
from workers.serving.live.pipeline_follower import PipelineFollower
from workers.serving.live.pipeline_view import PipelineView
from workers.serving.login.checks import check_login
from workers.serving.login.login import login_of
from workers.serving.recorded.explanations import ZoneExplanations
from workers.serving.recorded.frames import LatestFrames
from workers.serving.recorded.history import PositionHistory
from workers.serving.recorded.names import SealedNames
from workers.serving.recorded.past import PastZones
from workers.serving.recorded.rule_trials import RuleTrials
from workers.serving.recorded.zone_alerts import ZoneAlertHistory
from workers.serving.tls import CertificateFiles, certificate_of
from workers.simulation.command import simulate_apart

log = structlog.get_logger(__name__)

_POLL_S = 0.2
_SHUTDOWN_S = 2


class _Server(uvicorn.Server):
    """Uvicorn without signal handlers of its own; calls `on_started` when it is ready."""

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start answering."""
        await super().startup(sockets)
        self._on_started()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to `run_service`."""
        yield


def bind(host: str, port: int) -> socket.socket:
    """Open a listening socket.

    Raises:
        Stop: The port is taken, or the address is not one of this machine.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise Stop(
            f"the board cannot listen on {host!r}: set WARDSTREAM_SERVING__HOST to an address"
        ) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise Stop(
            f"the board cannot listen on {host} port {port} ({error.strerror}): "
            "set WARDSTREAM_SERVING__PORT to another port, or 0 for any free one"
        ) from error
    return listener


def address(listener: socket.socket, scheme: str = "http") -> str:
    """The URL by which a browser on this machine reaches a listening socket."""
    host, port = listener.getsockname()[:2]
    if ip_address(host).is_unspecified:
        host = "127.0.0.1"
    return f"{scheme}://[{host}]:{port}/" if ":" in host else f"{scheme}://{host}:{port}/"


async def serve_app(
    app: FastAPI,
    listener: socket.socket,
    service: Service,
    certificate: CertificateFiles | None = None,
) -> None:
    """Serve an application made by `create_app` until the service is asked to stop.

    Args:
        app: The application.
        listener: A listening socket; closed by the caller.
        service: Service whose health beats while the event loop runs.
        certificate: Certificate to serve with; None to serve in the clear.
    """
    scheme = "http" if certificate is None else "https"

    def ready() -> None:
        service.health.ready()
        log.info("serving.ready", url=address(listener, scheme))

    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_SHUTDOWN_S,
            timeout_keep_alive=15,
            ssl_certfile=None if certificate is None else certificate.certificate,
            ssl_keyfile=None if certificate is None else certificate.key,
        ),
        ready,
    )
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not service.stop.is_set() and not serving.done():
        service.health.beat()
        service.health.detail["redis"] = "ok" if app.state.board.feed.reachable else "out of reach"
        _show_audit(service, app.state.recorder)
        await asyncio.sleep(_POLL_S)
    app.state.board.feed.close()
    server.should_exit = True
    await serving


def _show_audit(service: Service, recorder: Recorder) -> None:
    """Show in health since when the audit cannot be written, and why; the watchdog reads it."""
    if not isinstance(recorder, AuditLog):
        return
    if recorder.away_since_us is None:
        service.health.detail.pop("audit_away", None)
        return
    away = {"since_us": recorder.away_since_us, "error": recorder.error}
    service.health.detail["audit_away"] = away


def run_board(service: Service) -> None:
    """Serve the board and its API until asked to stop.

    Logs `serving.ready` with the board's `url` once it answers. Redis, Kafka, the schema
    registry and the database may come and go: the page shows it, and recovers by itself.

    Raises:
        Stop: The board cannot listen on its address and port, or would be open to strangers.
    """
    settings = service.settings
    serving = settings.serving
    check_login(settings.login, serving)
    cluster = Cluster.of(settings, service.clock)
    check_access(cluster, rights_of("serving"))
    audit = AuditLog(cluster, "serving")
    with (
        contextlib.closing(bind(serving.host, serving.port)) as listener,
        Database(settings.database_address, "wardstream-serving") as database,
        Database(settings.vault_address, "wardstream-vault") as vault,
        AuditReader(settings.database_address) as seen,
        PositionHistory(settings.database_address) as history,
        ZoneExplanations(settings.database_address, cluster) as explanations,
        PastZones(settings.database_address) as past,
        ZoneAlertHistory(settings.database_address) as alerts,
    ):
        public = urlsplit(settings.login.public_url or "").hostname
        hosts = [*([public] if public else []), "localhost", "127.0.0.1", "::1"]
        certificate = certificate_of(serving, hosts, service.clock)
        login = login_of(
            settings.login,
            serving,
            redis_url=settings.redis_address,
            prefix=settings.live_prefix,
            url=address(listener, "http" if certificate is None else "https"),
            recorder=audit,
            clock=service.clock,
        )
        registry = RegistryView()
        pipeline = PipelineView()
        followers = (
            RegistryFollower(cluster, registry, (*REFERENCE_TOPICS, CAMERA_VIEWS, CAMERA_CLOCK)),
            PipelineFollower(cluster, pipeline, settings.watchdog),
            DeadLetterFollower(cluster, pipeline.dead_letters),
        )
        objects = GuardedStore(settings.ingest.object_store_url, service.clock)
        doors = doors_of(settings.vault, vault, service.clock)
        store = RegistryStore(database, service.clock, doors.ids)
        addresses = SealedTexts(database, ADDRESSES, keys_of(settings.registry.address_key))
        names = SealedTexts(database, NAMES, keys_of(settings.registry.name_key))
        erasures = erasure_list(settings.vault.erasures)
        warn_without_list(erasures)
        kept = Vault(vault, keys_of(settings.vault.key))
        eraser = Eraser(store, kept, erasures, audit, service.clock)
        with contextlib.suppress(Retry), database.transaction() as transaction:
            refuse_the_erased(transaction, erasures)  # the relay asks too, once there is a database
        app = create_app(
            settings.redis_address,
            settings.live_prefix,
            serving,
            service.clock,
            registry,
            pipeline=pipeline,
            login=login,
            editing=Registry(
                store,
                service.clock,
                audit,
                {"address": addresses, "name": names},
                cluster,
                doors,
                None if erasures is None else ErasureDesk(eraser, kept),
                Drawings(database, round(settings.serving.drawing_quota_mib * 2**20)),
            ),
            recorder=audit,
            seen=seen,
            sources=Sources(
                history,
                LatestFrames(cluster, objects.get),
                SealedNames(names),
                explanations,
                alerts,
                past,
            ),
            reads=ReadDesk(
                registry,
                ReadWriter(cluster),
                audit,
                service.clock,
                database,
                doors,
                trail_s=settings.badges.trail_s,
            ),
            feedback=FeedbackDesk(
                registry, FeedbackWriter(cluster), audit, service.clock, database
            ),
            actions=ActionDesk(
                registry, alerts, ActionWriter(cluster), audit, service.clock, database
            ),
            trials=RuleTrials(partial(simulate_apart, settings)),
        )
        with audit:
            for follower in followers:
                follower.start()
            try:
                asyncio.run(serve_app(app, listener, service, certificate))
            finally:
                for follower in followers:
                    follower.close()
