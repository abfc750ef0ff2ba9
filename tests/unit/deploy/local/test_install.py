"""Installs are whole or absent, and their failures end in one sentence that says what to do."""

import errno
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.local import cache, debian, environment, java
from deploy.local.cache import component
from deploy.local.engine import services_for
from deploy.local.errors import InstallError, LaunchError
from deploy.local.shell import apt_install, run
from tests.support.paths import ROOT


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WARDSTREAM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_cache: Path) -> None:
    """A machine without Java, Maven, apt and Docker: the search path is empty."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    java.java.cache_clear()
    java.maven.cache_clear()


def write(name: str, text: str = "done") -> Callable[[Path], None]:
    def build(target: Path) -> None:
        (target / name).write_text(text)

    return build


def test_a_component_is_built_once(own_cache: Path) -> None:
    first = component("tool-1", write("program", "first"))
    second = component("tool-1", write("program", "second"))

    assert first == second == own_cache / "tool-1"
    assert (first / "program").read_text() == "first"


def test_an_interrupted_build_leaves_nothing_that_counts(own_cache: Path) -> None:
    def interrupted(target: Path) -> None:
        (target / "half").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        component("tool-1", interrupted)

    assert [path.name for path in own_cache.iterdir()] == ["locks"]
    assert (component("tool-1", write("program")) / "program").exists()


def test_two_installs_at_a_time_build_one_component(own_cache: Path) -> None:
    built: list[Path] = []
    both_asked = threading.Barrier(2)

    def build(target: Path) -> None:
        built.append(target)
        (target / "program").touch()

    def ask() -> None:
        both_asked.wait()
        component("tool-1", build)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(built) == 1


def test_a_full_disk_is_named_with_what_to_do(own_cache: Path) -> None:
    def full(target: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))

    with pytest.raises(InstallError, match=r"GB are free below .*free at least .* GB there, or"):
        component("tool-1", full)


def test_an_install_that_cannot_fit_is_refused_before_it_starts(
    own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "NEEDED_BYTES", 2**60)

    with pytest.raises(InstallError, match="or set WARDSTREAM_CACHE to a folder on a larger disk"):
        cache.check_free_space()


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        pytest.param("Could not resolve 'deb.debian.org'", "check the network", id="apt"),
        pytest.param("Could not transfer artifact x from central", "check the network", id="maven"),
        pytest.param("dns error: failed to lookup address", "check the network", id="uv"),
        pytest.param("write: No space left on device", "free some space", id="disk"),
        pytest.param("segmentation fault", "see the lines above", id="unknown"),
    ],
)
def test_a_failed_tool_is_reported_with_its_output_and_advice(text: str, advice: str) -> None:
    script = f"import sys; print({text!r}, file=sys.stderr); sys.exit(3)"

    with pytest.raises(InstallError) as raised:
        run([sys.executable, "-c", script], what="fetching things")

    *description, last = str(raised.value).splitlines()
    assert text in description
    assert last.startswith("fetching things failed (exit status 3): ")
    assert advice in last
    assert last.endswith(".")


@pytest.mark.usefixtures("bare_machine")
@pytest.mark.parametrize(
    ("install", "advice"),
    [
        pytest.param(java.java, "install a JDK 17 or newer and Maven", id="java"),
        pytest.param(debian.mirror, "Docker engine runs set WARDSTREAM_ENGINE=docker", id="debian"),
        pytest.param(
            lambda: apt_install(["chromium"], what="Chromium", otherwise="install it"),
            "install it",
            id="apt",
        ),
    ],
)
def test_what_a_bare_machine_lacks_is_named_in_one_sentence(
    install: Callable[[], object], advice: str
) -> None:
    with pytest.raises(InstallError) as raised:
        install()

    assert "\n" not in str(raised.value)
    assert advice in str(raised.value)
    assert str(raised.value).endswith(".")


def test_an_old_java_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bare_machine: None
) -> None:
    old = tmp_path / "java"
    old.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n")
    old.chmod(0o755)
    with pytest.raises(InstallError, match="Java 17"):
        java.java()

    old.write_text("#!/bin/sh\necho 'openjdk version \"21.0.1\"' >&2\n")
    assert java.java() == java.Java(str(old), "21.0.1")
    java.java.cache_clear()


def test_the_environment_is_rebuilt_when_the_lock_changes_not_when_lint_rules_do(
    tmp_path: Path,
) -> None:
    lock = tmp_path / "requirements.lock"
    project = tmp_path / "pyproject.toml"
    lock.write_text("numpy==2.0\n")
    project.write_text('[project]\nname = "x"\n[tool.ruff]\nline-length = 80\n')
    before = environment.digest(tmp_path)

    project.write_text('[project]\nname = "x"\n[tool.ruff]\nline-length = 100\n')
    assert environment.digest(tmp_path) == before
    lock.write_text("numpy==2.1\n")
    assert environment.digest(tmp_path) != before


def test_the_installer_needs_nothing_but_the_standard_library() -> None:
    program = "import sys; sys.path.insert(0, '.'); import deploy.local.install"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr


def test_a_misspelt_engine_is_refused_with_the_choices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WARDSTREAM_ENGINE", "podman")

    with pytest.raises(LaunchError, match="'podman': set it to local or docker, or unset it"):
        services_for(tmp_path)


def test_containers_without_an_engine_are_refused_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bare_machine: None
) -> None:
    monkeypatch.setenv("WARDSTREAM_ENGINE", "docker")

    with pytest.raises(LaunchError, match="No Docker engine answers here: start it, or unset"):
        services_for(tmp_path).start()


def test_the_tracking_core_is_compiled_once_until_its_sources_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("pyproject.toml", "requirements.lock"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    folder = tmp_path / environment.COMPILED
    (folder / "__pycache__").mkdir(parents=True)
    (folder / "step.py").write_text("first")
    compiled: list[object] = []
    monkeypatch.setattr(environment, "run", lambda command, **_: compiled.append(command))

    environment.precompile(tmp_path)
    environment.precompile(tmp_path)
    assert len(compiled) == 1

    (folder / "step.py").write_text("second")
    environment.precompile(tmp_path)
    assert len(compiled) == 2

    (tmp_path / "schemas" / "avsc").mkdir(parents=True)
    (tmp_path / "schemas" / "avsc" / "tracks.v1.avsc").write_text("{}")
    environment.precompile(tmp_path)
    assert len(compiled) == 3


def test_fusion_is_compiled_for_the_tests_once_until_its_sources_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("pyproject.toml", "requirements.lock"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    folder = tmp_path / environment.FUSION
    (folder / "__pycache__").mkdir(parents=True)
    (folder / "scan.py").write_text("first")
    compiled: list[list[str]] = []
    monkeypatch.setattr(environment, "run", lambda command, **_: compiled.append(command))

    environment.precompile_fusion(tmp_path)
    environment.precompile_fusion(tmp_path)
    (folder / "scan.py").write_text("second")
    environment.precompile_fusion(tmp_path)

    assert [command[-1] for command in compiled] == ["--fusion", "--fusion"]
