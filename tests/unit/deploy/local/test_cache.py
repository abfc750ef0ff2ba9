"""The cache of installed services finds its folder, or names the setting that gives one."""

import pwd
from pathlib import Path

import pytest

from deploy.local.cache import cache_dir, component
from deploy.local.errors import InstallError


def fail(*_: object) -> None:
    raise KeyError


def test_a_user_without_a_home_is_asked_for_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WARDSTREAM_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", fail)

    with pytest.raises(InstallError, match=r"has no home folder .*: set WARDSTREAM_CACHE"):
        cache_dir()


def test_a_folder_that_cannot_be_made_names_the_setting(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("WARDSTREAM_CACHE", str(tmp_path / "file" / "cache"))

    with pytest.raises(InstallError, match=r"cannot be made \(Not a directory\): set WARDSTREAM_"):
        component("part", lambda _: None)
