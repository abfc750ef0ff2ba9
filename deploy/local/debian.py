"""Debian packages unpacked into a folder of their own: no root, nothing installed.

Apt runs with a state folder of its own, for the release that has the wanted version and on
the mirror that this machine already uses; the packages and all libraries they need, the
C library included, are unpacked side by side. A program in there starts by a small wrapper
that calls the unpacked dynamic loader, so it runs on any Linux of the same architecture.
"""

import functools
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from deploy.local.cache import cache_dir, exclusive
from deploy.local.errors import InstallError
from deploy.local.shell import run

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
OTHERWISE = "run this on Debian, or where a Docker engine runs set WARDSTREAM_ENGINE=docker"

WRAPPER = """#!/bin/sh
# Runs on the C library that it was built for, wherever this folder lies.
root=$(dirname "$(readlink -f "$0")"){up}
libraries=$root/{libs}
for folder in {extra}; do libraries=$libraries:$root/{libs}/$folder; done
exec "$root/{loader}" --library-path "$libraries" --argv0 "$0" "$root/{program}" "$@"
"""

LIBRARIES_ONLY = re.compile(r"^(lib|lua-|zlib1g$|ocl-icd)")
NEVER = re.compile(
    r"^(lib)?perl|-perl$|^libpam|^libsemanage|^libllvm|^libz3|^libdebconf|^libaudit-common"
)


def mirror() -> str:
    """The Debian mirror that this machine's apt uses.

    Raises:
        InstallError: Apt is missing, or none of its sources is Debian's archive.
    """
    if shutil.which("apt-get") is None:
        raise InstallError(f"This machine has no apt: {OTHERWISE}.")
    listed = run(
        ["apt-get", "indextargets", "--no-release-info", "--format", "$(REPO_URI)"],
        what="reading the package sources",
        hint=OTHERWISE,
    )
    for uri in listed.splitlines():
        if uri.rstrip("/").endswith("/debian"):
            return uri.rstrip("/")
    raise InstallError(f"None of this machine's package sources is a Debian mirror: {OTHERWISE}.")


@functools.cache
def private_apt(suite: str) -> dict[str, str]:
    """The environment in which apt-get knows the packages of `suite` and nothing else.

    Raises:
        InstallError: No mirror, no keys, or no network.
    """
    if not KEYRING.exists():
        raise InstallError(f"{KEYRING} is missing: install debian-archive-keyring.")
    root = cache_dir() / "apt" / suite
    for folder in ("state/lists/partial", "cache/archives/partial", "parts"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "state/status").touch()
    (root / "sources.list").write_text(f"deb [signed-by={KEYRING}] {mirror()} {suite} main\n")
    (root / "apt.conf").write_text(
        f'Dir::State "{root}/state";\n'
        f'Dir::State::status "{root}/state/status";\n'
        f'Dir::Cache "{root}/cache";\n'
        f'Dir::Etc::sourcelist "{root}/sources.list";\n'
        f'Dir::Etc::sourceparts "{root}/parts";\n'
        f'Dir::Etc::preferencesparts "{root}/parts";\n'
        'APT::Sandbox::User "";\n'
        'Acquire::Languages "none";\n'
        'Acquire::Retries "3";\n'
    )
    environment = {"APT_CONFIG": str(root / "apt.conf"), "LC_ALL": "C"}
    with exclusive(f"apt-{suite}"):
        run(
            ["apt-get", "-q", "update"],
            what=f"reading the package lists of Debian {suite}",
            env=environment,
        )
    return environment


def unpack(
    suite: str,
    packages: Sequence[str],
    target: Path,
    *,
    programs: Sequence[str] = (),
    members: Sequence[str] = (),
    complete: bool = False,
) -> None:
    """Unpack packages, and the libraries they need when they hold programs, into `target`.

    Args:
        suite: Debian release, for example `trixie`.
        packages: Names of the packages.
        target: An existing folder.
        programs: Paths below `target` that must start from there; each is renamed to
            `.NAME` and replaced by a wrapper.
        members: Paths in the archives, for packages of which little is needed; all if empty.
        complete: `packages` names all that is needed; no dependency is added.

    Raises:
        InstallError: The packages could not be fetched.
    """
    environment = private_apt(suite)
    wanted = list(packages)
    if programs and not complete:
        plan = run(
            ["apt-get", "install", "-s", "--no-install-recommends", *packages],
            what=f"planning {packages[0]}",
            env=environment,
        )
        names = [line.split()[1] for line in plan.splitlines() if line.startswith("Inst ")]
        wanted += [
            name
            for name in names
            if LIBRARIES_ONLY.match(name) and not NEVER.search(name) and name not in wanted
        ]
    archives = target / ".archives"
    archives.mkdir()
    run(
        ["apt-get", "-q", "download", *wanted],
        what=f"downloading {packages[0]}",
        cwd=archives,
        env=environment,
    )
    for archive in sorted(archives.glob("*.deb")):
        _unpack_archive(archive, target, members)
    shutil.rmtree(archives)
    _merge_usr(target)
    for program in programs:
        _wrap(target, program)


def _unpack_archive(archive: Path, target: Path, members: Sequence[str]) -> None:
    if not members:
        run(["dpkg-deb", "-x", str(archive), str(target)], what=f"unpacking {archive.name}")
        return
    pipe = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(archive)], stdout=subprocess.PIPE)
    with pipe:
        tar = subprocess.run(
            ["tar", "-x", "-C", str(target), *(f"./{member}" for member in members)],
            stdin=pipe.stdout,
            check=False,
        )
    if tar.returncode != 0 or pipe.returncode != 0:
        raise InstallError(f"{archive.name} could not be unpacked: check the free disk space.")


def _merge_usr(target: Path) -> None:
    """Put all libraries below `usr`, as packages of newer releases have them."""
    for folder in ("lib", "lib64"):
        if (target / folder).is_dir():
            merged = target / "usr" / folder
            merged.mkdir(parents=True, exist_ok=True)
            run(["cp", "-a", f"{target / folder}/.", str(merged)], what="merging libraries")
            shutil.rmtree(target / folder)


def _wrap(target: Path, program: str) -> None:
    """Replace a program by a wrapper that starts it with the unpacked loader."""
    path = target / program
    hidden = path.with_name(f".{path.name}")
    path.resolve().rename(hidden) if path.is_symlink() else path.rename(hidden)
    path.unlink(missing_ok=True)
    loader = next((target / "usr/lib").glob("*/ld-linux-*.so.*")).relative_to(target)
    path.write_text(
        WRAPPER.format(
            up="/.." * (len(Path(program).parts) - 1),
            libs=loader.parent,
            loader=loader,
            extra="blas lapack pulseaudio ..",
            program=hidden.relative_to(target),
        )
    )
    path.chmod(0o755)
