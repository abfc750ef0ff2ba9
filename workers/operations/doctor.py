"""Check every dependency, and say how to mend each one that is not well."""

import shutil
import sys
from collections.abc import Callable, Iterator
from typing import NamedTuple

import httpx
import psycopg
import redis

from runtime.clock import Clock
from runtime.errors import DeadLetter, Retry, Stop
from runtime.kafka.cluster import Cluster
from runtime.kafka.topics import check_topics
from runtime.process.libpq import address_fault, heeded
from runtime.process.settings import Settings
from runtime.process.thresholds import without_effect
from runtime.proxies import own_client
from schemas.registry import (
    IncompatibleSchema,
    NotRegistered,
    RegistryUnavailable,
)
from schemas.registry_address import RegistryAddress
from schemas.topics import ALERTS, TOPICS
from workers.inference.process import detector_of
from workers.observation.alert_log import read_alerts, standing
from workers.observation.groups import CONSUMED, PipelineProbe
from workers.observation.lease_log import LeaseReader
from workers.observation.signs import StageProgress, StageSign
from workers.observation.unwatched import UNWATCHED_S
from workers.operations.accounts import check_roles, check_users
from workers.storage.timescale.migrate import migrations

_TIMEOUT_S = 5.0
_BETWEEN_POLLS_S = 4.0
"""Longer than the longest time between two commits of a working stage."""

_SILENT = (
    "Connection refused",
    "No such file or directory",
    "timeout expired",
    "timed out",
    "could not translate host name",
    "failed to resolve host",
    "No route to host",
    "Network is unreachable",
)
"""What libpq says of a server that does not answer at all."""

_GIB = 1024**3


class Finding(NamedTuple):
    """The result of one check.

    Attributes:
        what: Name of the dependency.
        good: Whether the dependency is usable.
        message: What the check found, or what to do.
    """

    what: str
    good: bool
    message: str


def examine_all(settings: Settings, clock: Clock) -> Iterator[Finding]:
    """Check programs, services, accounts, topics, schemas, tables, detector, lag and alerts."""
    cluster = Cluster.of(settings, clock)
    checks: dict[str, Callable[[], str]] = {
        "python": check_python,
        "disk": check_disk,
        "kafka": lambda: check_kafka(cluster),
        "topics": lambda: check_topic_table(cluster),
        "schema registry": lambda: check_registry(cluster.registry.address),
        "schemas": lambda: check_schemas(cluster),
        "timescaledb": lambda: check_database(settings.database_address),
        "database roles": lambda: check_roles(settings.database_address),
        "redis": lambda: check_redis(settings.redis_address),
        "redis users": lambda: check_users(settings.redis_address),
        "detector": lambda: check_detector(settings),
        "lag": lambda: check_lag(cluster),
        "alerts": lambda: check_alerts(cluster),
    }
    for what, check in checks.items():
        yield examine(what, check)


def examine(what: str, check: Callable[[], str]) -> Finding:
    """Run one check; an error that it raises becomes the finding."""
    try:
        return Finding(what, True, check())
    except Exception as error:  # noqa: BLE001 - the doctor reports every error
        return Finding(what, False, str(error).strip() or repr(error))


def check_python() -> str:
    """Python is a version that the lock file supports."""
    version = ".".join(map(str, sys.version_info[:3]))
    if not (3, 11) <= sys.version_info[:2] < (3, 14):
        raise Stop(f"Python {version}: install Python 3.11, 3.12 or 3.13")
    return version


def check_disk() -> str:
    """The disk has room for topics and tables."""
    free = shutil.disk_usage(".").free / _GIB
    if free < 2:
        raise Stop(f"{free:.1f} GiB free: free at least 2 GiB, or use another disk")
    return f"{free:.0f} GiB free"


def check_kafka(cluster: Cluster) -> str:
    """The broker answers."""
    admin = cluster.admin()
    try:
        brokers = admin.list_topics(timeout=_TIMEOUT_S).brokers
    except Exception as error:
        raise Retry(
            f"no answer at {cluster.bootstrap}: start it (`wardstream up`), or set "
            "WARDSTREAM_KAFKA_BOOTSTRAP"
        ) from error
    return f"{len(brokers)} broker at {cluster.bootstrap}"


def check_topic_table(cluster: Cluster) -> str:
    """Every topic matches the table of topics."""
    check_topics(cluster)
    return f"{len(TOPICS)} as the table says"


def check_registry(address: RegistryAddress) -> str:
    """The registry answers."""
    url = address.url
    user = httpx.BasicAuth(address.user, address.password) if address.user else None
    trusted = address.tls_context() or True
    try:
        with own_client(timeout=_TIMEOUT_S, auth=user, verify=trusted) as client:
            answer = client.get(f"{url}/subjects")
        answer.raise_for_status()
    except httpx.HTTPStatusError as error:
        raise Retry(
            f"{url} answers {error.response.status_code}: for 401 and 403 check "
            "WARDSTREAM_SECURITY__REGISTRY__USER and its password"
        ) from error
    except httpx.HTTPError as error:
        raise Retry(
            f"no answer at {url}{_why(error)}: start it (`wardstream up`), or set "
            "WARDSTREAM_REGISTRY_URL"
        ) from error
    return url


def check_schemas(cluster: Cluster) -> str:
    """Exactly the schemas that this version writes are registered."""
    registry = cluster.registry
    avro = [topic for topic in TOPICS.values() if topic.avro]
    try:
        for topic in avro:
            registry.lookup(topic)
    except RegistryUnavailable as error:
        raise Retry("not known while the registry does not answer") from error
    except (IncompatibleSchema, NotRegistered) as error:
        raise Stop(str(error)) from error
    return f"{len(avro)} registered"


def check_database(dsn: str) -> str:
    """The database answers, and has the extension and all migrations."""
    if fault := address_fault(dsn):
        raise Stop(f"WARDSTREAM_DATABASE_URL: {fault}")
    try:
        with psycopg.connect(dsn, connect_timeout=int(_TIMEOUT_S)) as connection:
            found = connection.execute(
                "SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'"
            ).fetchone()
            if found is None:
                raise Stop("the extension is missing: run CREATE EXTENSION timescaledb")
            has_ledger = connection.execute("SELECT to_regclass('schema_migrations')").fetchone()
            done = set()
            if has_ledger and has_ledger[0]:
                done = {row[0] for row in connection.execute("SELECT name FROM schema_migrations")}
    except psycopg.Error as error:
        raise Retry(_database_reason(error)) from error
    missing = [migration.name for migration in migrations() if migration.name not in done]
    if missing:
        raise Stop(f"{len(missing)} migrations are missing: run `wardstream db migrate`")
    return f"TimescaleDB {found[0]}, {len(done)} migrations"


def _why(error: object) -> str:
    """The reason of a silence in brackets; none where nothing listens, which "no answer" says."""
    reason = str(error) or type(error).__name__
    return "" if "refused" in reason.lower() else f" ({reason})"


def _database_reason(error: psycopg.Error) -> str:
    """PostgreSQL's own reason, and what in the environment may have led to it."""
    reason = "; ".join(line.strip() for line in str(error).splitlines() if line.strip())
    variables = f"; the environment sets {', '.join(heeded())}" if heeded() else ""
    if any(sign in reason for sign in _SILENT):
        advice = "start it (`wardstream up`), or set WARDSTREAM_DATABASE_URL"
        return f"no answer{_why(reason)}{variables}: {advice}"
    return f"{reason}{variables}"


def check_redis(url: str) -> str:
    """Redis answers."""
    client = redis.Redis.from_url(url, socket_connect_timeout=_TIMEOUT_S)
    try:
        version = client.info("server")["redis_version"]
    except (redis.ConnectionError, redis.TimeoutError) as error:
        if isinstance(error, redis.AuthenticationError):
            raise Retry(str(error)) from error
        raise Retry(
            f"no answer{_why(error)}: start it (`wardstream up`), or set WARDSTREAM_REDIS_URL"
        ) from error
    except redis.RedisError as error:
        raise Retry(str(error)) from error
    return f"Redis {version}"


def check_lag(cluster: Cluster) -> str:
    """Every stage that ever ran reads its input; polls twice."""
    _need_topics(cluster)
    clock = cluster.clock
    probe = PipelineProbe(cluster, _TIMEOUT_S)
    progress = {stage: StageProgress() for stage in CONSUMED}
    signs: dict[str, StageSign] = {}
    last_us = 0
    for pause_s in (0.0, _BETWEEN_POLLS_S):
        clock.sleep(pause_s)
        last_us = clock.now_us()
        for stage, (end, committed) in probe.reach().items():
            signs[stage] = progress[stage].update(last_us, end, committed)
        if not signs:
            return "nothing was ever consumed"
    lags = ", ".join(f"{stage} {sign.lag_records}" for stage, sign in signs.items())
    still = [
        stage
        for stage, sign in signs.items()
        if sign.waiting_since_us is not None and sign.waiting_since_us < last_us
    ]
    if still:
        silent = " and ".join(still)
        raise Retry(f"{silent} took nothing for {_BETWEEN_POLLS_S:.0f} s; records waiting: {lags}")
    return f"records waiting: {lags}"


def _need_topics(cluster: Cluster) -> None:
    try:
        check_topics(cluster)
    except (Retry, Stop) as error:
        raise Retry("not known while the topics are not as they must be") from error


def check_alerts(cluster: Cluster) -> str:
    """No alert is raised, and the watchdog still runs."""
    _need_topics(cluster)
    codec = cluster.registry.reader(ALERTS)
    raised = standing(read_alerts(cluster, codec, _TIMEOUT_S))
    if raised:
        raise Retry("; ".join(f"{alert['what']} ({alert['next_action']})" for alert in raised))
    beat = LeaseReader(cluster, _TIMEOUT_S).read()
    if beat is None or beat.ended:
        return "none is raised; no watchdog runs: start `wardstream watchdog`"
    # A smaller difference between two clocks is no reason for a warning.
    silent_s = cluster.clock.now_us() / 1e6 - beat.at_us / 1e6
    if silent_s > 2 * UNWATCHED_S:
        raise Retry(f"watchdog {beat.who} is silent for {silent_s:.0f} s: start it again")
    return f"none is raised; watchdog {beat.who} leads"


def check_detector(settings: Settings) -> str:
    """A detector can be made; thresholds of the tracker that it makes useless are named."""
    try:
        detector = detector_of(settings.inference)
    except (Stop, DeadLetter) as error:
        raise Stop(str(error)) from error
    cautions = [detector.fallback_reason] if detector.fallback_reason else []
    cautions += without_effect(
        settings.inference, settings.tracking, settings.tracking_moving, settings.fusion
    )
    found = f"{detector.name} {detector.version} on {detector.runtime}"
    return ". ".join([found, *cautions])
