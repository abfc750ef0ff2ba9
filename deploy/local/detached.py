"""Keep services running in the background: start a process that holds them, stop it later."""

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from deploy.local.errors import LaunchError
from deploy.local.state import RunState, make_run_dir, read_state

POLL_S = 0.05


def up(run_dir: Path, command: Sequence[str], *, deadline_s: float = 90.0) -> dict[str, str]:
    """Run `command`, which holds services in `run_dir`, detached from this terminal.

    Args:
        run_dir: The run directory that `command` uses.
        command: A program that enters `LocalServices(run_dir)` and waits for SIGTERM.
        deadline_s: Seconds until it must be ready.

    Returns:
        The settings environment of the run, as in `LocalServices.environment`.

    Raises:
        LaunchError: It ended or was not ready in time; holds its last log lines.
    """
    run_dir = run_dir.resolve()
    make_run_dir(run_dir)
    before = read_state(run_dir)
    if before.ready and before.alive(before.launcher):
        return before.environment
    log = run_dir / "launcher.log"
    with log.open("wb") as output:
        holder = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + deadline_s
    while True:
        state = read_state(run_dir)
        if state.ready and state.alive(state.launcher):
            return state.environment
        status = holder.poll()
        if status is not None or time.monotonic() > deadline:
            holder.terminate()
            lines = log.read_text(errors="replace").splitlines()[-15:]
            how = "took too long" if status is None else f"ended with exit status {status}"
            raise LaunchError("\n".join([*lines, f"The start in {run_dir} {how}: see {log}."]))
        time.sleep(POLL_S)


def down(run_dir: Path, *, deadline_s: float = 30.0) -> bool:
    """Stop what `up` left running in `run_dir`; False when nothing ran."""
    state = read_state(run_dir)
    left = _alive(state)
    if not left:
        return False
    deadline = time.monotonic() + deadline_s
    if state.alive(state.launcher):
        os.kill(state.launcher, signal.SIGTERM)
    while (left := _alive(state)) and time.monotonic() < deadline:
        time.sleep(POLL_S)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    return True


def _alive(state: RunState) -> list[int]:
    return [pid for pid in state.processes.values() if state.alive(pid)]
