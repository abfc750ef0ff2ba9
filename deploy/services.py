"""The one table of what runs: infrastructure and wardstream processes.

The local launcher starts plain processes from it and `deploy.compose` writes
docker-compose.yml from it, so a setting cannot differ between the two. A service's own
settings are written here once; addresses and folders, which differ by nature, are filled in
by the program that starts it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Component = Literal["kafka", "registry", "timescale", "redis"]
COMPONENTS: tuple[Component, ...] = ("kafka", "registry", "timescale", "redis")

DATABASE_USER = "wardstream"
DATABASE = "wardstream"
REGISTRY_DATABASE = "registry"
REGISTRY_USER = "wardstream-registry"


@dataclass(frozen=True, kw_only=True)
class Infrastructure:
    """A service that is not part of Wardstream.

    Attributes:
        name: Host name in the compose network, and the name of its folder and log locally.
        version: Version in both the image and the local install.
        image: Official image.
        port: Port for clients (inside the compose network; free ports locally).
        settings: Configuration, under the service's own names.
        healthcheck: Compose health check; locally `deploy.local.health` asks over the wire.
        depends_on: Services that must answer before it can start.
        volume: Path where the image keeps data; None when it keeps none.
    """

    name: str
    version: str
    image: str
    port: int
    settings: Mapping[str, str] = field(default_factory=dict)
    healthcheck: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    volume: str | None = None


@dataclass(frozen=True, kw_only=True)
class WardstreamProcess:
    """A Wardstream process: one command of the `wardstream` program.

    Attributes:
        name: Service name in compose, log name locally.
        command: Arguments after `wardstream`.
        environment: Settings beyond the addresses of the services.
        depends_on: Services that must be healthy; jobs must have ended well.
        job: Whether it does its work and ends.
        port: A port for people, published by compose.
        gpu: Whether it runs from the image with CUDA where there is a GPU.
        account: Its name at the brokers, the database and Redis, after `wardstream-`; the name of
            the service when empty.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    depends_on: tuple[str, ...] = ()
    job: bool = False
    port: int | None = None
    gpu: bool = False
    account: str = ""

    @property
    def signs_in_as(self) -> str:
        """Its name at the brokers, the database and Redis, after `wardstream-`."""
        return self.account or self.name


KAFKA = Infrastructure(
    name="kafka",
    version="4.1.0",
    image="apache/kafka:4.1.0",
    port=9092,
    settings={
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": (
            "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,HOST:PLAINTEXT"
        ),
        "inter.broker.listener.name": "PLAINTEXT",
        # Topics come from schemas/topics.py alone: a misspelt name must fail.
        "auto.create.topics.enable": "false",
        # One broker: internal topics cannot have replicas; few partitions open quickly.
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "4",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        # A lone consumer need not wait for others, and tests may use short sessions.
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "1000",
        # After kill -9 the broker waits for its own last session to time out, 9 s by default;
        # but a starved machine that misses heartbeats for as long takes its leaders away.
        "broker.session.timeout.ms": "6000",
        "broker.heartbeat.interval.ms": "1000",
        # What has expired or been replaced goes within seconds, where a ward is small.
        "log.retention.check.interval.ms": "5000",
        "log.cleaner.backoff.ms": "5000",
        # A quarter of the default: the heap is 512 MB.
        "log.cleaner.dedupe.buffer.size": "33554432",
        "log.index.size.max.bytes": "2097152",
        "num.network.threads": "2",
        "num.io.threads": "4",
    },
    healthcheck=(
        "CMD-SHELL",
        "/opt/kafka/bin/kafka-broker-api-versions.sh --bootstrap-server 127.0.0.1:9092",
    ),
    volume="/var/lib/kafka/data",
)
KAFKA_HEAP = "-Xmx512m -Xms128m"

TIMESCALE = Infrastructure(
    name="timescale",
    version="2.19.3-pg17",
    image="timescale/timescaledb:2.19.3-pg17",
    port=5432,
    settings={
        "shared_preload_libraries": "timescaledb",
        "timescaledb.telemetry_level": "off",
        "shared_buffers": "128MB",
        "max_connections": "100",
        "max_wal_size": "1GB",
        "jit": "off",  # short queries; compiling them takes longer than running them
        "timezone": "UTC",
    },
    healthcheck=("CMD-SHELL", f"pg_isready -h 127.0.0.1 -U {DATABASE_USER} -d {REGISTRY_DATABASE}"),
    volume="/var/lib/postgresql/data",
)

REGISTRY_PATH = "/apis/ccompat/v7"
REGISTRY = Infrastructure(
    name="registry",
    version="3.0.9",
    image="apicurio/apicurio-registry:3.0.9",
    port=8080,
    settings={
        # Out of the box it keeps schemas in memory and forgets them at a restart.
        "APICURIO_STORAGE_KIND": "sql",
        "APICURIO_STORAGE_SQL_KIND": "postgresql",
        "APICURIO_DATASOURCE_USERNAME": DATABASE_USER,
        "QUARKUS_HTTP_ACCESS_LOG_ENABLED": "false",
    },
    # The image always has bash; curl may go.
    healthcheck=(
        "CMD",
        "bash",
        "-c",
        (
            "exec 3<>/dev/tcp/127.0.0.1/8080"
            " && printf 'GET /apis/ccompat/v7/subjects HTTP/1.0\\r\\n\\r\\n' >&3"
            " && grep -q ' 200 ' <&3"
        ),
    ),
    depends_on=("timescale",),
)

REDIS = Infrastructure(
    name="redis",
    version="7",
    image="redis:7",
    port=6379,
    # Live state only: it is rebuilt from the topics, so nothing is written to disk.
    settings={
        "save": "",
        "appendonly": "no",
        "maxmemory": "256mb",
        "maxmemory-policy": "noeviction",
        "databases": "64",  # a pipeline needs one; tests take one each
    },
    healthcheck=("CMD", "redis-cli", "ping"),
)

INFRASTRUCTURE: dict[Component, Infrastructure] = {
    "kafka": KAFKA,
    "registry": REGISTRY,
    "timescale": TIMESCALE,
    "redis": REDIS,
}

PREPARED = ("topics", "schemas", "migrate")
"""Jobs that must have ended well before any other process starts."""

PROCESSES: tuple[WardstreamProcess, ...] = (
    WardstreamProcess(name="topics", command=("topics", "create"), depends_on=("kafka",), job=True),
    WardstreamProcess(
        name="schemas", command=("registry", "register"), depends_on=("registry",), job=True
    ),
    WardstreamProcess(
        name="migrate", command=("db", "migrate"), depends_on=("timescale",), job=True
    ),
    WardstreamProcess(name="erasures", command=("vault", "start-list"), job=True),
    WardstreamProcess(
        name="ingest",
        command=("ingest",),
        depends_on=PREPARED,
    ),
    WardstreamProcess(
        name="infer",
        command=("infer",),
        depends_on=PREPARED,
        gpu=True,
        account="inference",
    ),
    WardstreamProcess(name="guard", command=("guard",), depends_on=PREPARED),
    WardstreamProcess(name="clocks", command=("clocks",), depends_on=PREPARED),
    WardstreamProcess(name="stream", command=("stream",), depends_on=PREPARED),
    WardstreamProcess(name="relay", command=("relay",), depends_on=(*PREPARED, "erasures")),
    WardstreamProcess(name="sink-timescale", command=("sink", "timescale"), depends_on=PREPARED),
    WardstreamProcess(
        name="sink-redis", command=("sink", "redis"), depends_on=(*PREPARED, "redis")
    ),
    WardstreamProcess(
        name="serve",
        command=("serve",),
        environment={"WARDSTREAM_SERVING__PORT": "8080"},
        depends_on=(*PREPARED, "redis", "erasures"),
        port=8080,
        account="serving",
    ),
    WardstreamProcess(name="notifier", command=("notify", "run"), depends_on=PREPARED),
    WardstreamProcess(name="anchor", command=("audit", "anchor", "--daily"), depends_on=PREPARED),
    WardstreamProcess(
        name="watchdog",
        command=("watchdog",),
        environment={"WARDSTREAM_WATCHDOG__ANCHORED_WITHIN_S": "93600"},  # a day and 2 h
        depends_on=PREPARED,
    ),
)

WATCHED = (
    "ingest",
    "infer",
    "guard",
    "clocks",
    "stream",
    "relay",
    "sink-redis",
    "sink-timescale",
    "serve",
    "notifier",
)
"""Processes whose health the watchdog checks; the program that starts it gives their addresses.

Anchoring is judged by what it does: by the age of the newest anchor."""

METRICS_PORT = 9100
"""Port of /metrics, /healthz and /readyz inside the compose network; free ports locally."""


HOST_PORTS: dict[str, tuple[str, int]] = {
    "kafka": ("WARDSTREAM_KAFKA_HOST_PORT", 29092),
    "registry": ("WARDSTREAM_REGISTRY_HOST_PORT", 8081),
    "timescale": ("WARDSTREAM_DATABASE_HOST_PORT", 5432),
    "redis": ("WARDSTREAM_REDIS_HOST_PORT", 6379),
    "serve": ("WARDSTREAM_BOARD_HOST_PORT", 8080),
    "prometheus": ("WARDSTREAM_PROMETHEUS_HOST_PORT", 9090),
    "grafana": ("WARDSTREAM_GRAFANA_HOST_PORT", 3000),
}
"""Where each service is reached from the machine itself: variable and default."""


def process(name: str) -> WardstreamProcess:
    """The row of a wardstream process.

    Raises:
        KeyError: No process has that name.
    """
    for row in PROCESSES:
        if row.name == name:
            return row
    raise KeyError(name)
