"""Keep services running in the background: start a process that holds them, stop it later."""

import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from deploy.local.errors import LaunchError
from deploy.local.state import LAUNCHER_LOG, RunState, make_run_dir, read_state
from deploy.local.waiting import patience
from runtime.retry import comes_true

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
    log = run_dir / LAUNCHER_LOG
    with log.open("wb") as output:
        holder = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def is_ready() -> bool:
        state = read_state(run_dir)
        return state.ready and state.alive(state.launcher)

    comes_true(
        lambda: is_ready() or holder.poll() is not None,
        patience(deadline_s, every_s=POLL_S),
    )
    if is_ready():
        return read_state(run_dir).environment
    status = holder.poll()
    holder.terminate()
    lines = log.read_text(errors="replace").splitlines()[-15:]
    how = "took too long" if status is None else f"ended with exit status {status}"
    raise LaunchError("\n".join([*lines, f"The start in {run_dir} {how}: see {log}."]))


def down(run_dir: Path, *, deadline_s: float = 30.0) -> bool:
    """Stop what `up` left running in `run_dir`; False when nothing ran."""
    state = read_state(run_dir)
    if not _alive(state):
        return False
    if state.alive(state.launcher):
        os.kill(state.launcher, signal.SIGTERM)
    comes_true(lambda: not _alive(state), patience(deadline_s, every_s=POLL_S))
    for pid in _alive(state):
        os.kill(pid, signal.SIGKILL)
    return True


def _alive(state: RunState) -> list[int]:
    return [pid for pid in state.processes.values() if state.alive(pid)]
