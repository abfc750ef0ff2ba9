"""One set of services for all pytest workers of a run (`pytest -n 3`), held by the controller.

The controller starts them in a process of their own while the workers collect; a worker waits
until they are ready. They end with the controller, however it ends.
"""

import sys
import time
from pathlib import Path

import pytest

from deploy.local.guard import Guard
from deploy.local.process import Process, Program
from deploy.local.state import read_state, start_ticks
from tests.support.fast_folder import FastFolder

READY_DEADLINE_S = 240.0
END_DEADLINE_S = 60.0
POLL_S = 0.2

_FOLDER = "services_folder"
_HOLDER = "services_pid"


class SharedServices:
    """The controller's side: services that run beside the workers."""

    def __init__(self) -> None:
        """Start them; their data and log lie in a folder that ends with them."""
        self._held = FastFolder()
        self.folder = folder = self._held.path
        self._guard = Guard()
        program = Program(
            name="services",
            command=(sys.executable, "-m", "deploy.local.hold", str(folder / "run"), "--secured"),
        )
        self._process = Process(program, folder / "services.log", self._guard)

    def report(self, workerinput: dict[str, object]) -> None:
        """Give a worker the folder and the process id with which it finds them."""
        workerinput[_FOLDER] = str(self.folder)
        workerinput[_HOLDER] = self._process.pid

    def stop(self) -> None:
        """End them all."""
        self._process.stop(END_DEADLINE_S)
        self._guard.close()
        self._held.close()


def given_environment(config: pytest.Config) -> dict[str, str] | None:
    """The settings of the controller's services, once they are ready; None outside a worker."""
    reported: dict[str, object] = getattr(config, "workerinput", {})
    if _FOLDER not in reported:
        return None
    folder, holder = Path(str(reported[_FOLDER])), int(str(reported[_HOLDER]))
    deadline = time.monotonic() + READY_DEADLINE_S
    while not (state := read_state(folder / "run")).ready:
        if start_ticks(holder) is None or time.monotonic() > deadline:
            text = (folder / "services.log").read_text()
            pytest.exit(f"the services did not get ready:\n{text}", returncode=1)
        time.sleep(POLL_S)
    return state.environment
