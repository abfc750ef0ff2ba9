"""The lock of a run directory: one launcher at a time."""

import fcntl
import shlex
from pathlib import Path
from typing import IO

from deploy.local.errors import LaunchError
from deploy.local.state import make_run_dir, read_state
from deploy.local.waiting import patience
from runtime.retry import retried

_DEADLINE_S = 20.0


def lock_run_dir(run_dir: Path) -> IO[str]:
    """Be the only launcher of a run directory, until the file is closed wherever it is open.

    Raises:
        LaunchError: Another launcher runs there.
    """
    make_run_dir(run_dir)
    lock = (run_dir / "lock").open("w")

    def guard_only(_error: Exception) -> bool:
        """Whether only the guard of a launcher that was killed holds it, to clean up."""
        state = read_state(run_dir)
        return not state.alive(state.launcher)

    try:
        retried(
            lambda: fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB),
            patience(_DEADLINE_S, every_s=0.1),
            (BlockingIOError,),
            may_pass=guard_only,
        )
    except BlockingIOError:
        lock.close()
        holder = read_state(run_dir).launcher
        raise LaunchError(
            f"Services already run in {run_dir} (process {holder}): "
            f"stop them with `wardstream down --run-dir {shlex.quote(str(run_dir))}`, "
            "or choose another --run-dir."
        ) from None
    return lock
