"""Apicurio Registry as a plain Java process; it keeps the schemas in our PostgreSQL."""

import subprocess
from pathlib import Path

from deploy.local.cache import component
from deploy.local.errors import InstallError
from deploy.local.java import FAST_START, java, maven
from deploy.local.process import Program
from deploy.local.shell import run
from deploy.services import REGISTRY, REGISTRY_DATABASE

RECIPE = 1
JAR = f"apicurio-registry-app-{REGISTRY.version}-runner.jar"
ARTIFACT = f"io.apicurio:apicurio-registry-app:{REGISTRY.version}:tar.gz:all"
HEAP = ("-Xmx256m", "-Xms64m")


def install() -> Path:
    """The folder with the application.

    Raises:
        InstallError: Java, Maven or the network is missing.
    """
    return component(f"registry-{REGISTRY.version}-{RECIPE}", _build)


def registry_environment(port: int, database_port: int, password: str) -> dict[str, str]:
    """The registry's whole configuration: the shared table, and this run's ports and password."""
    return {
        **REGISTRY.settings,
        "APICURIO_DATASOURCE_URL": (
            f"jdbc:postgresql://127.0.0.1:{database_port}/{REGISTRY_DATABASE}"
        ),
        "APICURIO_DATASOURCE_PASSWORD": password,
        "QUARKUS_HTTP_HOST": "127.0.0.1",
        "QUARKUS_HTTP_PORT": str(port),
    }


def registry(installed: Path, environment: dict[str, str], *, archive_flag: str) -> Program:
    """The registry of one run.

    Args:
        installed: What `install` returned.
        environment: From `registry_environment`.
        archive_flag: JVM flag that writes or reads its archive of loaded classes.
    """
    return Program(
        name="registry",
        command=(java().path, *FAST_START, *HEAP, archive_flag, "-jar", JAR),
        environment=environment,
        cwd=installed,  # relative: the archive of classes then holds wherever the folder lies
    )


def _build(target: Path) -> None:
    folder = target.parent / f"{target.name}.maven"
    try:
        run(
            [
                maven(),
                "-q",
                "-B",
                "dependency:copy",
                f"-Dartifact={ARTIFACT}",
                f"-DoutputDirectory={folder}",
            ],
            what="fetching the schema registry from Maven",
            cwd=target,
        )
        archive = next(folder.glob("*.tar.gz"))
        done = subprocess.run(["tar", "-xzf", str(archive), "-C", str(target)], check=False)
        if done.returncode != 0:
            raise InstallError(f"{archive} could not be unpacked: check the free disk space.")
    finally:
        run(["rm", "-rf", str(folder)], what="removing the archive")
