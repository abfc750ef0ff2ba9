"""Write docker-compose.yml from the table of services: `make compose`.

Only addresses, accounts, folders and health checks are added here; every setting that a service
runs with comes from `deploy.services`, as it does for the local launcher. No password stands in the
file or in the environment: each service reads its own from a file, and gets no other.
"""

import json
from pathlib import Path
from typing import Any

import yaml

from deploy.services import (
    DATABASE,
    DATABASE_USER,
    HOST_PORTS,
    KAFKA,
    KAFKA_HEAP,
    METRICS_PORT,
    PROCESSES,
    REDIS,
    REGISTRY,
    REGISTRY_DATABASE,
    REGISTRY_PATH,
    REGISTRY_USER,
    TIMESCALE,
    WATCHED,
    Infrastructure,
    WardstreamProcess,
)
from runtime.storage import redis_users
from runtime.storage.accounts import DATABASE_PREFIX, DATABASE_ROLES, VAULT_ROLE

ROOT = Path(__file__).resolve().parents[1]
COMPOSE = ROOT / "docker-compose.yml"
COMPOSE_GPU = ROOT / "docker-compose.gpu.yml"
PROMETHEUS = ROOT / "deploy" / "prometheus" / "prometheus.yml"

PROMETHEUS_IMAGE = "prom/prometheus:v3.5.0"
GRAFANA_IMAGE = "grafana/grafana:12.1.1"

HEADER = "# Written by `make compose` from deploy/services.py: change it there.\n"
SECRETS = "${WARDSTREAM_SECRETS:-./secrets}"
MOUNTED = "/run/secrets"
CLUSTER = "V2FyZHN0cmVhbUNvbXBvcw"
OBJECTS = "/var/lib/wardstream/objects"
KAFKA_HOST_LISTENER = 29092

READY = (
    "from urllib.request import ProxyHandler, build_opener; "
    f"build_opener(ProxyHandler({{}})).open('http://127.0.0.1:{METRICS_PORT}/readyz')"
)

ADDRESSES = {
    "WARDSTREAM_KAFKA_BOOTSTRAP": f"kafka:{KAFKA.port}",
    "WARDSTREAM_REGISTRY_URL": f"http://registry:{REGISTRY.port}{REGISTRY_PATH}",
    "WARDSTREAM_METRICS_HOST": "0.0.0.0",  # noqa: S104 - inside the compose network
    "WARDSTREAM_METRICS_PORT": str(METRICS_PORT),
    "WARDSTREAM_LOG_FORMAT": "json",
}
"""Settings of every process."""

CAMERAS = "/var/lib/wardstream/cameras"
ADDRESSES_OF_CAMERAS = {
    "WARDSTREAM_REGISTRY__ADDRESS_KEY_FILE": f"{MOUNTED}/address-key",
    "WARDSTREAM_INGEST__ADDRESS_CACHE": f"{CAMERAS}/addresses.json",
}
"""Settings by which ingest opens the addresses of cameras, and keeps them while nobody answers."""

ANCHORS = "/var/lib/wardstream/anchors"
ANCHORING = {
    "WARDSTREAM_AUDIT__ANCHORS_URL": f"${{WARDSTREAM_AUDIT__ANCHORS_URL:-file://{ANCHORS}}}",
}
"""Settings of anchoring: a volume of its own, unless a bucket is named."""

ERASURES = "/var/lib/wardstream/erasures"
ERASING = {"WARDSTREAM_VAULT__ERASURES": f"{ERASURES}/list"}
"""Where the list of who was erased is: a volume of its own, which no backup of the others holds."""

DESTINATIONS = "/etc/wardstream/destinations"
NOTIFYING = {
    "WARDSTREAM_DELIVERY__DESTINATIONS": f"{DESTINATIONS}/destinations.yaml",
    "WARDSTREAM_DELIVERY__PROXY": "${WARDSTREAM_DELIVERY__PROXY:-}",
    "WARDSTREAM_DELIVERY__BOARD_URL": (
        "${WARDSTREAM_LOGIN__PUBLIC_URL:-https://localhost:${WARDSTREAM_BOARD_HOST_PORT:-8080}}"
    ),
}
"""Settings of the notifier: a folder with the file of destinations and the secrets beside it."""

TLS = "/var/lib/wardstream/tls"
BOARD = {
    "WARDSTREAM_SERVING__HOST": "0.0.0.0",  # noqa: S104 - inside the compose network
    "WARDSTREAM_SERVING__TLS": "${WARDSTREAM_SERVING__TLS:-self-signed}",
    "WARDSTREAM_SERVING__TLS_CERTIFICATE": f"{TLS}/board.pem",
    "WARDSTREAM_SERVING__TLS_KEY": f"{TLS}/board.key",
    "WARDSTREAM_LOGIN__ISSUER": "${WARDSTREAM_LOGIN__ISSUER:?name the provider of logins}",
    "WARDSTREAM_LOGIN__CLIENT_ID": "${WARDSTREAM_LOGIN__CLIENT_ID:-wardstream-board}",
    "WARDSTREAM_LOGIN__CLIENT_SECRET_FILE": f"{MOUNTED}/login-client-secret",
    "WARDSTREAM_LOGIN__SESSION_KEY_FILE": f"{MOUNTED}/session-key",
    "WARDSTREAM_REGISTRY__ADDRESS_KEY_FILE": f"{MOUNTED}/address-key",
    "WARDSTREAM_REGISTRY__NAME_KEY_FILE": f"{MOUNTED}/name-key",
    "WARDSTREAM_VAULT__IDS": "${WARDSTREAM_VAULT__IDS:-pseudonyms}",
    "WARDSTREAM_VAULT__KEY_FILE": f"{MOUNTED}/vault-key",
    "WARDSTREAM_SECURITY__VAULT__USER": f"{DATABASE_PREFIX}{VAULT_ROLE}",
    "WARDSTREAM_SECURITY__VAULT__PASSWORD_FILE": f"{MOUNTED}/database-{VAULT_ROLE}",
    "WARDSTREAM_LOGIN__PUBLIC_URL": (
        "${WARDSTREAM_LOGIN__PUBLIC_URL:-https://localhost:${WARDSTREAM_BOARD_HOST_PORT:-8080}}"
    ),
}
"""Settings of the board: with TLS, and with logins at a provider."""


def kafka_environment() -> dict[str, str]:
    """The broker's configuration, in the spelling of its image."""
    properties = {
        **KAFKA.settings,
        "controller.quorum.voters": "1@kafka:9093",
        "listeners": (
            f"PLAINTEXT://:{KAFKA.port},CONTROLLER://:9093,HOST://:{KAFKA_HOST_LISTENER}"
        ),
        "advertised.listeners": (
            f"PLAINTEXT://kafka:{KAFKA.port},HOST://127.0.0.1:{_host_port('kafka')}"
        ),
        "log.dirs": str(KAFKA.volume),
    }
    spelled = {f"KAFKA_{name.upper().replace('.', '_')}": v for name, v in properties.items()}
    return {**spelled, "CLUSTER_ID": CLUSTER, "KAFKA_HEAP_OPTS": KAFKA_HEAP}


def registry_environment() -> dict[str, str]:
    """The registry's configuration."""
    return {
        **REGISTRY.settings,
        "APICURIO_DATASOURCE_URL": (
            f"jdbc:postgresql://timescale:{TIMESCALE.port}/{REGISTRY_DATABASE}"
        ),
        "APICURIO_DATASOURCE_USERNAME": REGISTRY_USER,
        "SMALLRYE_CONFIG_LOCATIONS": f"{MOUNTED}/registry.properties",  # holds the password
        "QUARKUS_HTTP_PORT": str(REGISTRY.port),
    }


def postgres_command() -> list[str]:
    """PostgreSQL with the settings of the table."""
    flags = [
        part for name, value in TIMESCALE.settings.items() for part in ("-c", f"{name}={value}")
    ]
    return ["postgres", *flags]


def redis_command() -> list[str]:
    """Redis with the settings of the table."""
    flags = [part for name, value in REDIS.settings.items() for part in (f"--{name}", value)]
    return ["redis-server", *flags, "--aclfile", f"{MOUNTED}/redis-users"]


def process_service(row: WardstreamProcess) -> dict[str, Any]:
    """Compose service of a Wardstream process."""
    accounts, secrets = accounts_of(row)
    service: dict[str, Any] = {
        "image": "wardstream:latest",
        "command": [*row.command, *_FURTHER.get(row.name, ())],
        "environment": {**ADDRESSES, **accounts, **row.environment},
        "depends_on": {name: {"condition": _condition(name)} for name in row.depends_on},
        "restart": "on-failure",
    }
    if secrets:
        service["secrets"] = secrets
    if row.name in {"ingest", "infer", "guard", "stream"}:  # frames, views, archived checkpoints
        service["environment"]["WARDSTREAM_INGEST__OBJECT_STORE_URL"] = f"file://{OBJECTS}"
        service["volumes"] = [f"objects:{OBJECTS}"]
    if row.name == "ingest":
        service["environment"] |= ADDRESSES_OF_CAMERAS
        service["secrets"] = [*secrets, "address-key"]
        service["volumes"] += [f"cameras:{CAMERAS}", "${WARDSTREAM_VIDEOS:-./videos}:/videos:ro"]
    if row.name == "anchor":
        service["environment"] |= ANCHORING
        service["volumes"] = [f"anchors:{ANCHORS}"]
    if row.name in {"erasures", "relay", "serve"}:
        service["environment"] |= ERASING
        service["volumes"] = [f"erasures:{ERASURES}"]
    if row.name == "notifier":
        service["environment"] |= NOTIFYING
        folder = "${WARDSTREAM_DESTINATIONS:-./examples/destinations}"
        service["volumes"] = [f"{folder}:{DESTINATIONS}:ro"]
    if row.name == "watchdog":
        watched = {name: f"http://{name}:{METRICS_PORT}/healthz" for name in WATCHED}
        service["environment"]["WARDSTREAM_WATCHDOG__HEALTH"] = json.dumps(watched)
    if row.port is not None:
        service["environment"] |= BOARD
        own = ["login-client-secret", "session-key", "address-key", "name-key"]
        own += ["vault-key", f"database-{VAULT_ROLE}"]
        service["secrets"] = [*secrets, *own]
        service["volumes"].append(f"tls:{TLS}")
        service["ports"] = [_publish(row.name, row.port)]
    if not row.job:
        service["healthcheck"] = _healthcheck(
            (
                "CMD",
                "python",
                "-c",
                READY,
            )
        )
    return service


def accounts_of(row: WardstreamProcess) -> tuple[dict[str, str], list[str]]:
    """Settings by which a process signs in to the stores that it uses, and its secrets."""
    name = row.signs_in_as
    found: dict[str, str] = {}
    secrets = []
    if row.name == "migrate" or name in DATABASE_ROLES:
        user = DATABASE_USER if row.name == "migrate" else f"{DATABASE_PREFIX}{name}"
        secret = "database" if row.name == "migrate" else f"database-{name}"
        secrets.append(secret)
        found |= {
            "WARDSTREAM_DATABASE_URL": f"postgresql://timescale:{TIMESCALE.port}/{DATABASE}",
            "WARDSTREAM_SECURITY__DATABASE__USER": user,
            "WARDSTREAM_SECURITY__DATABASE__PASSWORD_FILE": f"{MOUNTED}/{secret}",
        }
    if row.name == "migrate":
        secrets += [f"database-{role}" for role in DATABASE_ROLES]
    if name in {one.process for one in redis_users.USERS}:
        secrets.append(f"redis-{name}")
        found |= {
            "WARDSTREAM_REDIS_URL": f"redis://redis:{REDIS.port}/0",
            "WARDSTREAM_SECURITY__REDIS__USER": f"{redis_users.PREFIX}{name}",
            "WARDSTREAM_SECURITY__REDIS__PASSWORD_FILE": f"{MOUNTED}/redis-{name}",
        }
    return found, secrets


def compose() -> dict[str, Any]:
    """The whole of docker-compose.yml."""
    kafka = _infrastructure(KAFKA, container_port=KAFKA_HOST_LISTENER)
    kafka["environment"] = kafka_environment()
    registry = _infrastructure(REGISTRY)
    registry["environment"] = registry_environment()
    registry["secrets"] = ["registry.properties"]
    timescale = _infrastructure(TIMESCALE)
    timescale["command"] = postgres_command()
    timescale["environment"] = {
        "POSTGRES_USER": DATABASE_USER,
        "POSTGRES_PASSWORD_FILE": f"{MOUNTED}/database",
        "POSTGRES_DB": DATABASE,
    }
    timescale["secrets"] = ["database", "database-registry"]
    timescale["volumes"].append(
        "./deploy/docker/registry-database.sql:/docker-entrypoint-initdb.d/900-registry.sql:ro"
    )
    redis = _infrastructure(REDIS)
    redis["command"] = redis_command()
    redis["secrets"] = ["redis-users"]
    processes = {row.name: process_service(row) for row in PROCESSES}
    first = next(iter(processes.values()))
    first["build"] = {"context": ".", "dockerfile": "deploy/docker/Dockerfile"}
    services = {
        "kafka": kafka,
        "timescale": timescale,
        "registry": registry,
        "redis": redis,
        **processes,
        "prometheus": _prometheus(),
        "grafana": _grafana(),
    }
    mounted = {name for service in services.values() for name in service.get("secrets", ())}
    return {
        "name": "wardstream",
        "services": services,
        "secrets": {name: {"file": f"{SECRETS}/{name}"} for name in sorted(mounted)},
        "volumes": {
            "kafka": {},
            "timescale": {},
            "objects": {},
            "cameras": {},
            "anchors": {},
            "erasures": {},
            "tls": {},
            "prometheus": {},
        },
    }


def compose_gpu() -> dict[str, Any]:
    """Overrides for a machine with an NVIDIA card: `docker compose -f … -f … up`."""
    devices = [{"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}]
    return {
        "services": {
            row.name: {
                "image": "wardstream:gpu",
                "build": {"context": ".", "dockerfile": "deploy/docker/Dockerfile.gpu"},
                "deploy": {"resources": {"reservations": {"devices": devices}}},
            }
            for row in PROCESSES
            if row.gpu
        }
    }


def prometheus() -> dict[str, Any]:
    """Prometheus' scrape configuration: every long-running Wardstream process."""
    return {
        "global": {"scrape_interval": "5s"},
        "scrape_configs": [
            {
                "job_name": "wardstream",
                "static_configs": [
                    {
                        "targets": [f"{row.name}:{METRICS_PORT}"],
                        "labels": {"process": row.name},
                    }
                    for row in PROCESSES
                    if not row.job
                ],
            }
        ],
    }


def render(document: dict[str, Any]) -> str:
    """A document as YAML, headed by a note not to edit it."""
    text: str = yaml.dump(document, Dumper=_Plain, sort_keys=False, width=100)
    return HEADER + text


def main() -> None:
    """Write all files."""
    COMPOSE.write_text(render(compose()))
    COMPOSE_GPU.write_text(render(compose_gpu()))
    PROMETHEUS.parent.mkdir(exist_ok=True)
    PROMETHEUS.write_text(render(prometheus()))


_FURTHER = {
    "ingest": (
        "--camera",
        "${WARDSTREAM_CAMERA:-camera-1}",
        "--video",
        "${WARDSTREAM_VIDEO:-/videos/vtest.avi}",
        "--loop",
    ),
    "migrate": ("--passwords", MOUNTED),
}
"""Further arguments of a process, by its name."""


class _Plain(yaml.SafeDumper):
    """YAML dumper that writes repeated parts out: a reader need not follow anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


def _infrastructure(row: Infrastructure, container_port: int | None = None) -> dict[str, Any]:
    service: dict[str, Any] = {
        "image": row.image,
        "ports": [_publish(row.name, container_port or row.port)],
        "healthcheck": _healthcheck(row.healthcheck),
        "restart": "unless-stopped",
    }
    if row.depends_on:
        service["depends_on"] = {name: {"condition": _condition(name)} for name in row.depends_on}
    if row.volume:
        service["volumes"] = [f"{row.name}:{row.volume}"]
    return service


def _condition(name: str) -> str:
    jobs = {row.name for row in PROCESSES if row.job}
    return "service_completed_successfully" if name in jobs else "service_healthy"


def _healthcheck(test: tuple[str, ...]) -> dict[str, Any]:
    return {
        "test": list(test),
        "interval": "5s",
        "timeout": "5s",
        "retries": 20,
        "start_period": "10s",
    }


def _host_port(name: str) -> str:
    variable, default = HOST_PORTS[name]
    return f"${{{variable}:-{default}}}"


def _publish(name: str, container_port: int) -> str:
    """Port mapping on the loopback address only: none of these services authenticates."""
    return f"127.0.0.1:{_host_port(name)}:{container_port}"


def _prometheus() -> dict[str, Any]:
    return {
        "image": PROMETHEUS_IMAGE,
        "ports": [_publish("prometheus", 9090)],
        "volumes": [
            "./deploy/prometheus:/etc/prometheus:ro",
            "prometheus:/prometheus",
        ],
        "restart": "unless-stopped",
    }


def _grafana() -> dict[str, Any]:
    return {
        "image": GRAFANA_IMAGE,
        "ports": [_publish("grafana", 3000)],
        "environment": {
            # Its image reads each GF_…__FILE into GF_…; the data source names the second.
            "GF_SECURITY_ADMIN_PASSWORD__FILE": f"{MOUNTED}/grafana",
            "GF_WARDSTREAM_DATABASE_PASSWORD__FILE": f"{MOUNTED}/database-analyst",
        },
        "secrets": ["grafana", "database-analyst"],
        "volumes": [
            "./deploy/grafana/provisioning:/etc/grafana/provisioning:ro",
            "./deploy/grafana/dashboards:/etc/grafana/dashboards:ro",
        ],
        "depends_on": {
            "timescale": {"condition": "service_healthy"},
            "prometheus": {"condition": "service_started"},
        },
        "restart": "unless-stopped",
    }


if __name__ == "__main__":
    main()
