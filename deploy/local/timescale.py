"""PostgreSQL 17 with TimescaleDB, unpacked from Debian and run as a plain process.

The database cluster is made once, at install, with both databases, the extension and
the registry's tables, and copied for each new run directory.
"""

import os
import platform
import secrets
import shutil
import signal
from pathlib import Path

from deploy.local import registry
from deploy.local.cache import component
from deploy.local.debian import unpack
from deploy.local.errors import InstallError
from deploy.local.guard import Guard
from deploy.local.health import postgres_answers, registry_answers
from deploy.local.java import java
from deploy.local.ports import free_ports
from deploy.local.process import Process, Program
from deploy.local.shell import run
from deploy.services import DATABASE, DATABASE_USER, REGISTRY_DATABASE, TIMESCALE

RECIPE = 1
SUITE = "trixie"  # the first Debian release that has TimescaleDB
BIN = "usr/lib/postgresql/17/bin"
REGISTRY_CLASSES = "registry.jsa"
TRAINING_DEADLINE_S = 120.0
NOBODY = 65534


def install() -> Path:
    """The folder with PostgreSQL and everything that it needs.

    Raises:
        InstallError: No Debian mirror, or no network.
    """
    name = f"timescale-{TIMESCALE.version}-{platform.machine()}-{RECIPE}"
    return component(name, _unpack)


def install_cluster(server: Path, registry_app: Path) -> Path:
    """The folder with the template cluster, its password and the registry's class archive.

    Args:
        server: What `install` returned.
        registry_app: What `registry.install` returned.
    """
    name = (
        f"cluster-{server.name}-{registry_app.name}-java{java().version}-"
        f"{'root' if os.geteuid() == 0 else 'user'}-{RECIPE}"
    )
    return component(name, lambda target: _make_cluster(server, registry_app, target))


def postgres(server: Path, data: Path, port: int) -> Program:
    """PostgreSQL on one data folder.

    Args:
        server: What `install` returned.
        data: A copy of the template, from `copy_cluster`.
        port: Port on which it listens, on 127.0.0.1 only.
    """
    settings = {
        **TIMESCALE.settings,
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
    }
    flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return Program(
        name="timescale",
        command=(*_not_root(), str(server / BIN / "postgres"), "-D", str(data), *flags),
        cwd=server,
        stop_signal=signal.SIGINT,  # "fast": ends sessions instead of waiting for them
    )


def copy_cluster(cluster: Path, data: Path) -> None:
    """Copy the template to `data`, so that it is there whole or not at all."""
    temporary = data.with_name(f".{data.name}")
    shutil.rmtree(temporary, ignore_errors=True)
    run(["cp", "-a", "--reflink=auto", str(cluster / "data"), str(temporary)], what="copying")
    temporary.rename(data)


def database_url(port: int, password: str, database: str = DATABASE) -> str:
    """The address of a database of the cluster."""
    return f"postgresql://{DATABASE_USER}:{password}@127.0.0.1:{port}/{database}"


def _unpack(target: Path) -> None:
    if not Path("/usr/share/zoneinfo/UTC").exists():
        raise InstallError("PostgreSQL needs time zones: install the package tzdata.")
    unpack(
        SUITE,
        ["postgresql-17", "postgresql-client-17", "postgresql-17-timescaledb"],
        target,
        programs=[f"{BIN}/{name}" for name in ("postgres", "initdb", "psql", "pg_dump")],
    )


def _not_root() -> tuple[str, ...]:
    """The prefix under which root starts PostgreSQL, which refuses to run as root.

    The one capability kept lets it pass folders that only root may enter, such as
    root's home; its own files belong to it.
    """
    if os.geteuid() != 0:
        return ()
    user = str(NOBODY)
    return (
        "setpriv",
        f"--reuid={user}",
        f"--regid={user}",
        "--clear-groups",
        "--securebits=+no_setuid_fixup",  # else access(2) forgets the capability
        "--inh-caps=+dac_override",
        "--ambient-caps=+dac_override",
    )


def _make_cluster(server: Path, registry_app: Path, target: Path) -> None:
    password = secrets.token_urlsafe(18)
    password_file = target / "password"
    password_file.touch(mode=0o600)
    password_file.write_text(password)
    data = target / "data"
    data.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(data, NOBODY, NOBODY)
    run(
        [
            *_not_root(),
            str(server / BIN / "initdb"),
            f"--pgdata={data}",
            f"--username={DATABASE_USER}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--locale=C.UTF-8",
            "--builtin-locale=C.UTF-8",
            "--no-sync",
        ],
        what="making a database cluster",
        hint="see the lines above; PostgreSQL needs a user that has an entry in /etc/passwd",
        env={"LC_ALL": "C.UTF-8"},
    )
    port, registry_port = free_ports(2)
    guard = Guard()
    try:
        database = Process(postgres(server, data, port), target / "log", guard)
        database.wait_until(lambda: postgres_answers(port), TRAINING_DEADLINE_S)
        psql = [str(server / BIN / "psql"), "-q", "-v", "ON_ERROR_STOP=1"]
        for base, statement in (
            ("postgres", f"CREATE DATABASE {DATABASE}"),
            ("postgres", f"CREATE DATABASE {REGISTRY_DATABASE}"),
            (DATABASE, "CREATE EXTENSION timescaledb"),
        ):
            run(
                [*psql, database_url(port, password, base), "-c", statement],
                what=statement.lower(),
            )
        environment = registry.registry_environment(registry_port, port, password)
        flag = f"-XX:ArchiveClassesAtExit={target / REGISTRY_CLASSES}"
        first = Process(
            registry.registry(registry_app, environment, archive_flag=flag), target / "log", guard
        )
        first.wait_until(lambda: registry_answers(registry_port), TRAINING_DEADLINE_S)
        first.stop(TRAINING_DEADLINE_S)
        database.stop(TRAINING_DEADLINE_S)
    finally:
        guard.close()
