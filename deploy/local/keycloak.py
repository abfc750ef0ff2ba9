"""Keycloak as a plain Java process: a real provider of logins, for tests and `demo --login`."""

import json
import secrets
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

from deploy.keycloak.realm import REALM, Json
from deploy.local.addresses import HOST
from deploy.local.cache import component
from deploy.local.errors import InstallError
from deploy.local.guard import Guard
from deploy.local.health import http_status
from deploy.local.java import FAST_START, java, maven
from deploy.local.ports import free_ports
from deploy.local.process import Process, Program
from deploy.local.shell import run

VERSION = "26.7.3"
RECIPE = 1
ARTIFACT = f"org.keycloak:keycloak-quarkus-dist:{VERSION}:zip"
HEAP = ("-Xms64m", "-Xmx384m")
SERVER = "server"
TEMPLATE = "template"
FIRST_START_S = 240.0

_PARTS = ("lib", "conf", "providers", "themes")
"""Folders of the distribution that a run only reads."""
_THREADS = "io.quarkus.bootstrap.forkjoin.QuarkusForkJoinWorkerThreadFactory"
_OPENED = ("java.util", "java.util.concurrent", "java.security", "java.lang")
_FLAGS = (
    *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED),
    "--enable-native-access=ALL-UNNAMED",
    "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
    f"-Djava.util.concurrent.ForkJoinPool.common.threadFactory={_THREADS}",
    "-Dpicocli.disable.closures=true",
    "-Dfile.encoding=UTF-8",
    "-Duser.language=en",
)
"""What `kc.sh` gives to Java; without it, signals reach the server itself."""


def install() -> Path:
    """The folder with the server, built, and with a database that has every table.

    Raises:
        InstallError: Java, Maven or the network is missing.
    """
    return component(f"keycloak-{VERSION}-{RECIPE}", _build)


def issuer(port: int) -> str:
    """The issuer of the tokens of a server on this machine."""
    return f"http://{HOST}:{port}/realms/{REALM}"


def server(
    installed: Path,
    folder: Path,
    port: int,
    realm: Mapping[str, Json],
    *,
    any_address: bool = False,
) -> Program:
    """A server on 127.0.0.1 with one realm.

    Args:
        installed: What `install` returned.
        folder: Folder of its data. What is there is kept, also the realm: it is imported once.
        port: Port on which it listens, and part of its issuer's name.
        realm: The realm in Keycloak's import format.
        any_address: Name the issuer after the address at which a client reached the server, and
            not after its own address: use this where a proxy stands in front.
    """
    data = folder / "data"
    if not data.exists():
        _copy(installed / TEMPLATE, data)
    imported = data / "import"
    imported.mkdir(exist_ok=True)
    file = imported / f"{REALM}-realm.json"
    file.touch(mode=0o600)  # it holds every password
    file.write_text(json.dumps(realm))
    named = "--hostname-strict=false" if any_address else f"--hostname=http://{HOST}:{port}"
    return _program(installed / SERVER, folder, port, named, "--import-realm")


def answers(port: int) -> bool:
    """Whether the realm is there to log in."""
    return http_status(port, f"/realms/{REALM}/.well-known/openid-configuration") == 200


def _program(
    built: Path,
    folder: Path,
    port: int,
    *options: str,
    environment: Mapping[str, str] | None = None,
) -> Program:
    """The server with its data in a folder of its own; the distribution stays as it is."""
    for part in _PARTS:
        link = folder / part
        link.unlink(missing_ok=True)
        link.symlink_to(built / part)
    return Program(
        name="keycloak",
        command=(
            java().path,
            *FAST_START,
            *HEAP,
            *_FLAGS,
            f"-Dkc.home.dir={folder}",
            f"-Djboss.server.config.dir={folder / 'conf'}",
            "-cp",
            str(built / "lib" / "quarkus-run.jar"),
            "io.quarkus.bootstrap.runner.QuarkusEntryPoint",
            "start",
            "--optimized",
            "--http-enabled=true",
            f"--http-host={HOST}",
            f"--http-port={port}",
            "--cache=local",
            "--log-level=warn",
            *options,
        ),
        environment=environment or {},
        cwd=folder,
    )


def _build(target: Path) -> None:
    fetched = target / "fetched"
    run(
        [
            *(maven(), "-q", "-B", "dependency:copy"),
            *(f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={fetched}"),
        ],
        what="fetching Keycloak from Maven",
        cwd=target,
    )
    try:
        with zipfile.ZipFile(next(fetched.glob("*.zip"))) as archive:
            archive.extractall(target)
    except zipfile.BadZipFile as error:
        raise InstallError(
            "Keycloak's archive is damaged: delete org/keycloak in Maven's repository, try again."
        ) from error
    shutil.rmtree(fetched)
    (target / f"keycloak-{VERSION}").rename(target / SERVER)
    run(
        ["sh", "bin/kc.sh", "build", "--db=dev-file"],
        what="building Keycloak",
        cwd=target / SERVER,
        env={"JAVA": java().path, "JAVA_OPTS": " ".join((*FAST_START[:3], *HEAP))},
    )
    _make_tables(target)


def _make_tables(target: Path) -> None:
    """Start it once: tables take most of a first start, and each run copies them."""
    folder = target / "first"
    folder.mkdir()
    (port,) = free_ports(1)
    # The administrator of the whole server has a password that nobody knows.
    nobody = {
        "KC_BOOTSTRAP_ADMIN_USERNAME": "nobody",
        "KC_BOOTSTRAP_ADMIN_PASSWORD": secrets.token_urlsafe(32),
    }
    guard = Guard()
    try:
        first = Process(
            _program(target / SERVER, folder, port, "--hostname-strict=false", environment=nobody),
            target / "first.log",
            guard,
        )
        first.wait_until(lambda: http_status(port, "/realms/master") == 200, FIRST_START_S)
        first.stop(FIRST_START_S)
    finally:
        guard.close()
    (target / TEMPLATE).mkdir()
    (folder / "data" / "h2").rename(target / TEMPLATE / "h2")
    shutil.rmtree(folder)


def _copy(source: Path, target: Path) -> None:
    """Copy a folder so that it is there whole or not at all."""
    temporary = target.with_name(f".{target.name}")
    shutil.rmtree(temporary, ignore_errors=True)
    shutil.copytree(source, temporary)
    temporary.rename(target)
