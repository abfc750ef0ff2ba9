"""Java and Maven: found, or installed with apt; flags for JVMs that start fast and stay small."""

import functools
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from deploy.local.errors import InstallError
from deploy.local.shell import apt_install

LEAST_VERSION = 17
OTHERWISE = (
    "install a JDK 17 or newer and Maven (apt-get install openjdk-17-jre-headless maven), "
    "or run this once with sudo"
)

FAST_START = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-Xlog:disable")
"""One quick compiler and one collector thread: these JVMs are small and share two cores."""


@dataclass(frozen=True)
class Java:
    """A Java runtime.

    Attributes:
        path: The `java` program.
        version: Full version, for example `17.0.15`; class archives depend on it.
    """

    path: str
    version: str


@functools.cache
def java() -> Java:
    """A Java 17 or newer, installed when missing.

    Raises:
        InstallError: There is none and it cannot be installed here.
    """
    if found := _find():
        return found
    apt_install(
        ["default-jre-headless" if _default_is_recent() else "openjdk-17-jre-headless"],
        what=f"Java {LEAST_VERSION}",
        otherwise=OTHERWISE,
    )
    if found := _find():
        return found
    raise InstallError(f"Java {LEAST_VERSION} is still missing after its install: {OTHERWISE}.")


@functools.cache
def maven() -> str:
    """Path of Maven, installed when missing.

    Raises:
        InstallError: There is none and it cannot be installed here.
    """
    java()
    if found := shutil.which("mvn"):
        return found
    apt_install(["maven"], what="Maven", otherwise=OTHERWISE)
    if found := shutil.which("mvn"):
        return found
    raise InstallError(f"Maven is still missing after its install: {OTHERWISE}.")


def _find() -> Java | None:
    candidates = [shutil.which("java")]
    if home := os.environ.get("JAVA_HOME"):
        candidates.insert(0, str(Path(home) / "bin" / "java"))
    for path in candidates:
        version = _version(path) if path else None
        if path and version and int(version.split(".")[0]) >= LEAST_VERSION:
            return Java(path, version)
    return None


def _version(path: str) -> str | None:
    try:
        done = subprocess.run([path, "-version"], capture_output=True, text=True, check=False)
    except OSError:
        return None
    match = re.search(r'version "([0-9._]+)', done.stderr)
    return match.group(1) if match else None


def _default_is_recent() -> bool:
    """Whether Debian's default Java is new enough (12 has 17 as its default)."""
    if shutil.which("apt-cache") is None:
        return False
    policy = subprocess.run(
        ["apt-cache", "policy", "default-jre-headless"], capture_output=True, text=True, check=False
    )
    match = re.search(r"Candidate:\s*\d:1\.(\d+)", policy.stdout)
    return bool(match and int(match.group(1)) >= LEAST_VERSION)
