"""Who did something is a name, or a number where the user has no name."""

import getpass
import os
import pwd

import pytest

from runtime.process.user import user_name


def fail(*_: object) -> None:
    raise KeyError


def test_a_user_without_a_name_is_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", fail)
    assert user_name() == str(os.getuid())

    monkeypatch.setattr(getpass, "getuser", lambda: " ")
    assert user_name() == str(os.getuid())
