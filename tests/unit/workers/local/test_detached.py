"""`up` waits no longer than what it started lives."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deploy.local.state import LAUNCHER_LOG, RunState
from runtime.errors import Stop
from workers.local import detached


def test_a_launcher_that_has_ended_is_reported_at_once_with_its_last_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends after its services were ready, while topics, schemas and tables are created."""

    def start(run_dir: Path, _command: list[str]) -> dict[str, str]:
        (run_dir / LAUNCHER_LOG).write_text("starting Kafka\nserver does not support SSL\n\n")
        launcher = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(0.5)"])
        state = RunState(ready=True, launcher=launcher.pid)
        state.add("launcher", launcher.pid)
        state.write(run_dir)
        return {}  # it stays a child that nobody has waited for, as in `up`

    monkeypatch.setattr(detached, "start_detached", start)
    before_s = time.monotonic()

    with pytest.raises(Stop, match=r"server does not support SSL \(the launcher has ended: see"):
        detached.start(tmp_path, 0)

    assert time.monotonic() - before_s < 10
    os.waitpid(-1, 0)
