"""A provider of logins that is started to try them comes back when it dies."""

import os
import signal
import sys
from pathlib import Path

import pytest

from deploy.local import keycloak
from deploy.local.process import Program
from tests.support.waiting import eventually
from workers.local.logins import LocalLogins


def test_a_provider_that_dies_is_started_again_with_the_same_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "pids"
    code = f"import os, time; open({str(here)!r}, 'a').write(f'{{os.getpid()}}\\n'); time.sleep(60)"
    program = Program(name="keycloak", command=(sys.executable, "-c", code))
    monkeypatch.setattr(keycloak, "server", lambda *_: program)
    reported: list[str] = []

    def pids() -> list[str]:
        return here.read_text().split() if here.exists() else []

    with LocalLogins(tmp_path / "run", 8080, "east", reported.append) as logins:
        users = logins.lines()
        [first] = eventually(pids)
        os.kill(int(first), signal.SIGKILL)

        eventually(lambda: len(pids()) == 2)

        assert logins.lines() == users
        assert logins.failure is None
        assert reported[-1] == "keycloak has ended; it is started again"
        assert logins.ended() == []
    assert logins.ended() == ["keycloak"]
