"""Kafka as a plain Java process: installed from Maven, one broker and controller in one."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.cache import component
from deploy.local.guard import Guard
from deploy.local.health import kafka_answers
from deploy.local.java import FAST_START, java, maven
from deploy.local.ports import free_ports
from deploy.local.process import Process, Program
from deploy.local.shell import run
from deploy.services import KAFKA, KAFKA_HEAP

RECIPE = 1
CLUSTER = "V2FyZHN0cmVhbUxvY2FsMQ"  # any 16 bytes; each run directory is a cluster of its own
POM = Path(__file__).parent / "kafka" / "pom.xml"
CLASSES = "kafka.jsa"
TEMPLATE = "formatted"
TRAINING_DEADLINE_S = 120.0


def install() -> Path:
    """The folder with the jars, an archive of loaded classes and a formatted log folder.

    Raises:
        InstallError: Java, Maven or the network is missing.
    """
    return component(f"kafka-{KAFKA.version}-java{java().version}-{RECIPE}", _build)


SECURED = "SECURED"
"""Listener that takes only TLS with SCRAM; its clients have only the rights granted to them.

Clients of the other listeners may do everything."""


@dataclass(frozen=True)
class Secured:
    """The listener that authenticates its clients.

    Attributes:
        port: Port on which it listens.
        identity: Key and certificate of the broker in one PEM file.
    """

    port: int
    identity: Path

    def properties(self) -> dict[str, str]:
        """Configuration of the listener, and of the rights that go with it."""
        mine = f"listener.name.{SECURED.lower()}"
        module = "org.apache.kafka.common.security.scram.ScramLoginModule"
        return {
            f"{mine}.ssl.keystore.type": "PEM",
            f"{mine}.ssl.keystore.location": str(self.identity),
            f"{mine}.sasl.enabled.mechanisms": "SCRAM-SHA-512",
            f"{mine}.scram-sha-512.sasl.jaas.config": f"{module} required;",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",
        }


Doors = Mapping[str, tuple[int, int]]
"""Further listeners by name in capitals: the port of each, and the port of its proxy, which it
announces to clients."""


def server_properties(
    data: Path,
    port: int,
    controller_port: int,
    doors: Doors | None = None,
    settings: Mapping[str, str] | None = None,
    secured: Secured | None = None,
) -> dict[str, str]:
    """The broker's whole configuration: the shared table and the folders and ports of this run."""
    doors = doors or {}
    listeners = {"PLAINTEXT": port, "CONTROLLER": controller_port}
    listeners |= {name: own for name, (own, _) in doors.items()}
    advertised = {"PLAINTEXT": port} | {name: announced for name, (_, announced) in doors.items()}
    protocols = "listener.security.protocol.map"
    further = [f"{name}:PLAINTEXT" for name in doors]
    if secured is not None:
        listeners[SECURED] = advertised[SECURED] = secured.port
        further.append(f"{SECURED}:SASL_SSL")
    return {
        **KAFKA.settings,
        **(secured.properties() if secured is not None else {}),
        **(settings or {}),
        protocols: ",".join([KAFKA.settings[protocols], *further]),
        "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
        "listeners": _addresses(listeners),
        "advertised.listeners": _addresses(advertised),
        "log.dirs": str(data),
    }


def _addresses(ports: Mapping[str, int]) -> str:
    return ",".join(f"{name}://127.0.0.1:{port}" for name, port in ports.items())


def broker(
    installed: Path,
    folder: Path,
    port: int,
    controller_port: int,
    doors: Doors | None = None,
    settings: Mapping[str, str] | None = None,
    secured: Secured | None = None,
) -> Program:
    """The broker of one run.

    Args:
        installed: What `install` returned.
        folder: Folder of its data and configuration.
        port: Port for clients.
        controller_port: Port of its own controller.
        doors: Further listeners.
        settings: Settings that override the shared table.
        secured: A listener that authenticates its clients.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / "data"
    if not data.exists():
        _copy(installed / TEMPLATE, data)
    properties = _write_properties(
        folder, server_properties(data, port, controller_port, doors, settings, secured)
    )
    return _java(installed, f"-XX:SharedArchiveFile={CLASSES}", "kafka.Kafka", str(properties))


def _java(installed: Path, flag: str, *arguments: str) -> Program:
    return Program(
        name="kafka",
        command=(
            java().path,
            *FAST_START,
            *KAFKA_HEAP.split(),
            flag,
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-Dorg.slf4j.simpleLogger.showDateTime=true",
            "-cp",
            "libs/*",  # relative: the archive of classes then holds wherever the folder lies
            *arguments,
        ),
        cwd=installed,
    )


def _build(target: Path) -> None:
    run(
        [
            maven(),
            "-q",
            "-B",
            "-f",
            str(POM),
            "dependency:copy-dependencies",
            f"-DoutputDirectory={target / 'libs'}",
        ],
        what="fetching Kafka from Maven",
    )
    port, controller_port = free_ports(2)
    training = target / "training"
    training.mkdir()
    data = training / "data"
    properties = _write_properties(training, server_properties(data, port, controller_port))
    format_command = _java(
        target,
        "-Xshare:auto",
        "kafka.tools.StorageTool",
        "format",
        "--cluster-id",
        CLUSTER,
        "--config",
        str(properties),
    ).command
    run(format_command, what="formatting Kafka's log folder", cwd=target)
    _copy(data, target / TEMPLATE)
    guard = Guard()
    try:
        first = Process(
            _java(target, f"-XX:ArchiveClassesAtExit={CLASSES}", "kafka.Kafka", str(properties)),
            training / "log",
            guard,
        )
        first.wait_until(lambda: kafka_answers(port), TRAINING_DEADLINE_S)
        first.stop(TRAINING_DEADLINE_S)
    finally:
        guard.close()
    shutil.rmtree(training)


def _write_properties(folder: Path, properties: dict[str, str]) -> Path:
    path = folder / "server.properties"
    path.write_text("".join(f"{name}={value}\n" for name, value in properties.items()))
    return path


def _copy(source: Path, target: Path) -> None:
    """Copy a folder so that it is there whole or not at all."""
    temporary = target.with_name(f".{target.name}")
    shutil.rmtree(temporary, ignore_errors=True)
    shutil.copytree(source, temporary)
    temporary.rename(target)
