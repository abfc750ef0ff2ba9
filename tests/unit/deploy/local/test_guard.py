"""The guard ends the processes that it was given, however often it was given them."""

import signal
import subprocess
import threading

from deploy.local.guard import Guard

DEADLINE_S = 60.0


def sleeper() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(["sleep", "600"], process_group=0)


def test_a_group_forgotten_many_times_leaves_the_others_watched() -> None:
    guard = Guard()
    with sleeper() as watched, sleeper() as forgotten:
        guard.watch(watched.pid)
        guard.watch(forgotten.pid)
        for _ in range(60):
            guard.forget(forgotten.pid)

        closing = threading.Thread(target=guard.close, daemon=True)
        closing.start()
        assert watched.wait(DEADLINE_S) == -signal.SIGTERM
        closing.join(DEADLINE_S)

        assert not closing.is_alive()
        assert forgotten.poll() is None
        forgotten.kill()
