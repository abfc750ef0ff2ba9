"""docker-compose.yml, the Dockerfiles and the local launcher agree with the table of services."""

import json
import re
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr

from deploy import compose
from deploy.local import kafka, redis, registry, timescale
from deploy.secrets import DERIVED, PASSWORDS, write
from deploy.services import (
    HOST_PORTS,
    INFRASTRUCTURE,
    KAFKA,
    METRICS_PORT,
    PREPARED,
    PROCESSES,
    REDIS,
    REGISTRY,
    TIMESCALE,
    WardstreamProcess,
    process,
)
from runtime.process.registry import keys_of
from runtime.process.settings import describe
from runtime.storage.accounts import VAULT_ROLE
from tests.support.paths import ROOT
from workers.cli.app import COMMANDS
from workers.notifier.delivery.destinations import read_destinations
from workers.observation.findings import STAGES

SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(compose.COMPOSE.read_text())["services"]
BY_NAME = [pytest.param(row, id=row.name) for row in PROCESSES]


@pytest.mark.parametrize(
    ("path", "document"),
    [
        pytest.param(compose.COMPOSE, compose.compose(), id="compose"),
        pytest.param(compose.COMPOSE_GPU, compose.compose_gpu(), id="compose-gpu"),
        pytest.param(compose.PROMETHEUS, compose.prometheus(), id="prometheus"),
    ],
)
def test_the_written_files_are_those_of_the_table(path: Path, document: dict[str, Any]) -> None:
    assert path.read_text() == compose.render(document), "run `make compose`"


def test_compose_starts_every_row_of_the_table_and_dashboards() -> None:
    rows = {*INFRASTRUCTURE, *(row.name for row in PROCESSES)}

    assert set(SERVICES) == rows | {"prometheus", "grafana"}


@pytest.mark.parametrize("row", INFRASTRUCTURE.values(), ids=lambda row: row.name)
def test_images_are_official_and_of_the_installed_version(row: Any) -> None:
    assert SERVICES[row.name]["image"] == row.image
    assert row.image.split(":")[1] == row.version


def test_the_broker_is_configured_alike_in_compose_and_on_this_machine() -> None:
    local = kafka.server_properties(Path("/data"), 1, 2)
    composed = SERVICES["kafka"]["environment"]
    spelled = {f"KAFKA_{name.upper().replace('.', '_')}": value for name, value in local.items()}
    addresses = {
        "KAFKA_CONTROLLER_QUORUM_VOTERS",
        "KAFKA_LISTENERS",
        "KAFKA_ADVERTISED_LISTENERS",
        "KAFKA_LOG_DIRS",
    }

    assert set(composed) - set(spelled) == {"CLUSTER_ID", "KAFKA_HEAP_OPTS"}
    assert set(spelled) == {name for name in composed if name in spelled}
    assert {k: v for k, v in composed.items() if k in spelled and k not in addresses} == {
        k: v for k, v in spelled.items() if k not in addresses
    }


def test_the_broker_is_configured_to_refuse_undeclared_topics() -> None:
    assert SERVICES["kafka"]["environment"]["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
    assert kafka.server_properties(Path("/data"), 1, 2)["auto.create.topics.enable"] == "false"


def test_the_registry_is_configured_alike_in_compose_and_on_this_machine() -> None:
    local = registry.registry_environment(1, 2, "key")
    composed = SERVICES["registry"]["environment"]
    addresses = {
        "APICURIO_DATASOURCE_URL",
        "APICURIO_DATASOURCE_USERNAME",
        "APICURIO_DATASOURCE_PASSWORD",
        "SMALLRYE_CONFIG_LOCATIONS",
        "QUARKUS_HTTP_HOST",
        "QUARKUS_HTTP_PORT",
    }

    assert set(local) ^ set(composed) == {
        "QUARKUS_HTTP_HOST",
        "APICURIO_DATASOURCE_PASSWORD",
        "SMALLRYE_CONFIG_LOCATIONS",
    }
    for name in set(local) - addresses:
        assert composed[name] == local[name] == REGISTRY.settings[name]


def test_postgresql_is_configured_alike_in_compose_and_on_this_machine() -> None:
    local = timescale.postgres(Path("/server"), Path("/data"), 1).command
    composed = SERVICES["timescale"]["command"]

    assert set(_flags(composed)) < set(_flags(local))
    assert _flags(composed) == [f"{name}={value}" for name, value in TIMESCALE.settings.items()]
    assert {flag.split("=")[0] for flag in set(_flags(local)) - set(_flags(composed))} == {
        "listen_addresses",
        "port",
        "unix_socket_directories",
    }


def test_redis_is_configured_alike_in_compose_and_on_this_machine(tmp_path: Path) -> None:
    local = list(redis.redis(Path("/redis"), tmp_path, 1).command)
    composed = SERVICES["redis"]["command"]
    shared = [part for name, value in REDIS.settings.items() for part in (f"--{name}", value)]

    assert composed == ["redis-server", *shared, "--aclfile", "/run/secrets/redis-users"]
    assert local[1 : 1 + len(shared)] == shared
    assert local[1 + len(shared) :: 2] == ["--bind", "--port", "--dir"]


@pytest.mark.parametrize("row", BY_NAME)
def test_a_process_runs_the_command_of_the_table_with_its_settings(row: WardstreamProcess) -> None:
    service = SERVICES[row.name]

    assert service["command"][: len(row.command)] == list(row.command)
    assert row.environment.items() <= service["environment"].items()
    assert service["environment"]["WARDSTREAM_METRICS_PORT"] == str(METRICS_PORT)
    if row.port is not None:
        assert service["ports"][0].endswith(f":{row.port}")


@pytest.mark.parametrize("row", BY_NAME)
def test_a_process_is_a_command_that_exists(row: WardstreamProcess) -> None:
    assert row.command[0] in COMMANDS


@pytest.mark.parametrize("row", BY_NAME)
def test_a_process_is_given_only_settings_that_exist(row: WardstreamProcess) -> None:
    known = {f"WARDSTREAM_{name.replace('.', '__').upper()}" for name, _ in describe()}
    given = {name.removesuffix("_FILE") for name in SERVICES[row.name]["environment"]}

    assert given <= known


@pytest.mark.parametrize("row", BY_NAME)
def test_a_process_waits_for_what_it_needs(row: WardstreamProcess) -> None:
    waits = SERVICES[row.name].get("depends_on", {})

    assert set(waits) == set(row.depends_on)
    for name, condition in waits.items():
        jobs = {one.name for one in PROCESSES if one.job}
        expected = "service_completed_successfully" if name in jobs else "service_healthy"
        assert condition == {"condition": expected}
    if not row.job:
        assert set(PREPARED) <= set(waits)


def test_every_service_that_is_waited_for_has_a_health_check() -> None:
    for name, service in SERVICES.items():
        for needed, condition in service.get("depends_on", {}).items():
            if condition["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[needed], f"{name} waits for {needed}"


def test_the_watchdog_asks_every_process_of_the_pipeline_except_itself() -> None:
    watched = json.loads(SERVICES["watchdog"]["environment"]["WARDSTREAM_WATCHDOG__HEALTH"])

    assert set(watched) == {row.name for row in PROCESSES if not row.job} - {
        "watchdog",
        "anchor",  # the newest anchor is judged by its age
    }
    assert set(watched) == set(STAGES)
    for name, url in watched.items():
        assert url == f"http://{name}:{METRICS_PORT}/healthz"


def test_each_volume_of_a_process_has_a_folder_in_the_image_that_it_may_write_to() -> None:
    image = (ROOT / "deploy" / "docker" / "Dockerfile").read_text()
    made = {word for word in image.split() if word.startswith("/var/lib/wardstream/")}
    mounted = {
        volume.partition(":")[2]
        for row in PROCESSES
        for volume in SERVICES[row.name].get("volumes", ())
        if volume.split(":")[0] in compose.compose()["volumes"]
    }

    assert mounted == made


def test_no_port_is_open_to_other_machines() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]

    assert len(ports) == len(HOST_PORTS)
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_no_password_is_in_the_file_or_in_an_environment() -> None:
    text = compose.COMPOSE.read_text()
    given = {
        name: value
        for service in SERVICES.values()
        for name, value in service.get("environment", {}).items()
        if re.search("PASSWORD|SECRET|SESSION_KEY", name)
    }

    assert given
    assert all(value.startswith("/run/secrets/") for value in given.values()), given
    assert "postgresql://wardstream:" not in text
    assert not re.search(r"\$\{\w*(PASSWORD|KEY)", text)


def test_every_secret_is_written_by_make_secrets_and_read_by_a_service(tmp_path: Path) -> None:
    document = yaml.safe_load(compose.COMPOSE.read_text())
    mounted = {name for service in SERVICES.values() for name in service.get("secrets", ())}
    made = write(tmp_path / "secrets")
    before = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}

    assert write(tmp_path / "secrets") == [], "a second run keeps what is there"
    assert {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()} == before
    assert set(made) == set(PASSWORDS)
    assert len({before[name] for name in PASSWORDS}) == len(PASSWORDS), "no two are alike"
    assert mounted == set(document["secrets"]) <= set(before)
    assert set(before) - mounted == {"redis-operator"}, "commands are run by hand"
    assert (tmp_path / "secrets").stat().st_mode & 0o077 == 0
    for name in PASSWORDS:
        if name.startswith("redis-"):
            assert before[name].strip() not in before["redis-users"]
    assert set(DERIVED) <= mounted
    for name in ("address-key", "name-key", "session-key", "vault-key"):
        assert len(keys_of(SecretStr(before[name].strip()))[0]) == 32


def test_the_notifier_reads_a_folder_of_destinations_that_is_there(tmp_path: Path) -> None:
    notifier = SERVICES["notifier"]
    [folder] = notifier["volumes"]
    default, inside, mode = folder.rsplit(":", 2)
    given = ROOT / default.removeprefix("${WARDSTREAM_DESTINATIONS:-").removesuffix("}")
    file = Path(notifier["environment"]["WARDSTREAM_DELIVERY__DESTINATIONS"])

    assert (str(file.parent), mode) == (inside, "ro")
    assert list(read_destinations(given / file.name, {})) == [], "nobody is notified at first"
    text = (given / file.name).read_text().partition("[]\n")[2]
    written = tmp_path / file.name
    written.write_text("".join(line.removeprefix("# ") for line in text.splitlines(True)))
    for name in ("ntfy-token", "mail-password"):
        (tmp_path / name).write_text("secret\n")
    (tmp_path / "slack-url").write_text("https://hooks.slack.com/services/x\n")
    kinds = [one.kind for one in read_destinations(written, {})]
    assert kinds == ["ntfy", "mail", "slack"], "the example is one that can be used"


def test_a_service_reads_its_own_secrets_alone() -> None:
    for row in PROCESSES:
        if row.name == "migrate":  # gives every role its password
            continue
        own = {f"database-{row.signs_in_as}", f"redis-{row.signs_in_as}"}
        further = {
            "serve": {
                *("login-client-secret", "session-key", "address-key", "name-key"),
                *("vault-key", f"database-{VAULT_ROLE}"),
            },
            "ingest": {"address-key"},
        }.get(row.name, set())
        held = set(SERVICES[row.name].get("secrets", ()))
        assert held <= own | further, row.name
        files = {
            value.rpartition("/")[2]
            for name, value in SERVICES[row.name]["environment"].items()
            if name.endswith("_FILE")
        }
        assert files == held


def test_no_service_signs_in_as_the_owner_of_the_tables_but_migrations() -> None:
    owners = {
        name for name, service in SERVICES.items() if "database" in service.get("secrets", ())
    }

    assert owners == {"timescale", "migrate"}


def test_prometheus_scrapes_every_process_that_stays() -> None:
    document = yaml.safe_load(compose.PROMETHEUS.read_text())
    [job] = document["scrape_configs"]
    targets = [each["targets"] for each in job["static_configs"]]

    assert targets == [[f"{row.name}:{METRICS_PORT}"] for row in PROCESSES if not row.job]


def test_mounted_files_exist() -> None:
    volumes = [volume for service in SERVICES.values() for volume in service.get("volumes", [])]
    mounted = [volume.split(":")[0] for volume in volumes if volume.startswith("./")]

    assert mounted
    assert [path for path in mounted if not (ROOT / path).exists()] == []


def test_the_image_runs_the_program_from_everything_that_the_package_holds() -> None:
    text = (ROOT / "deploy/docker/Dockerfile").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    copied = re.findall(r"^COPY (\w+) \1$", text, flags=re.MULTILINE)

    assert 'ENTRYPOINT ["wardstream"]' in text
    assert "wardstream" in project["project"]["scripts"]
    assert sorted(copied) == sorted(packages)
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert {f"!{name}" for name in packages} <= set(ignored)


def test_the_image_holds_its_modules_compiled() -> None:
    """Its user may not write them beside the sources."""
    text = (ROOT / "deploy/docker/Dockerfile").read_text()
    root, _, user = text.partition("USER wardstream")
    [packages] = re.findall(r"-m compileall -q ([\w ]+)", root)

    assert user
    assert packages.split() == re.findall(r"^COPY (\w+) \1$", root, flags=re.MULTILINE)


def test_the_gpu_image_adds_the_packages_of_the_gpu_extra() -> None:
    text = (ROOT / "deploy/docker/Dockerfile.gpu").read_text()
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    gpu: list[str] = extra["optional-dependencies"]["gpu"]

    assert re.findall(r'"([^"]+)"', text) == gpu
    assert process("infer").gpu


def test_the_host_port_of_the_broker_is_the_one_it_advertises() -> None:
    [published] = SERVICES["kafka"]["ports"]
    advertised = SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]

    assert f"HOST://{published.rpartition(':')[0]}" in advertised
    assert KAFKA.settings["listener.security.protocol.map"].endswith("HOST:PLAINTEXT")


def _flags(command: Any) -> list[str]:
    parts = list(command)
    return [value for flag, value in pairwise(parts) if flag == "-c"]


def test_the_list_of_who_was_erased_is_there_before_anything_that_reads_it_and_lies_apart() -> None:
    """No backup is made of its volume, and none is restored into it."""
    using = {
        name
        for name, service in SERVICES.items()
        if "WARDSTREAM_VAULT__ERASURES" in service.get("environment", {})
    }
    assert using == {"erasures", "relay", "serve"}
    for name in using:
        path = SERVICES[name]["environment"]["WARDSTREAM_VAULT__ERASURES"]
        [volume] = [v for v in SERVICES[name]["volumes"] if v.startswith("erasures:")]
        assert path.startswith(volume.partition(":")[2] + "/")
        assert name == "erasures" or "erasures" in SERVICES[name]["depends_on"]
    others = [
        name for name, service in SERVICES.items() if "erasures:" in str(service.get("volumes"))
    ]
    assert set(others) == using
