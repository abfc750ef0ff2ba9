"""The pipeline on this machine, in the background: start it, hold it, find its board."""

import shlex
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx

from deploy.local import keycloak
from deploy.local.detached import up as start_detached
from deploy.local.errors import LaunchError
from deploy.local.state import LAUNCHER_LOG, read_state
from deploy.local.waiting import patience
from runtime.clock import SystemClock
from runtime.errors import Stop
from runtime.proxies import own_client
from runtime.retry import retried
from workers.local.demo.options import choose_port
from workers.local.logins import LocalLogins
from workers.local.pipeline import LocalPipeline

_READY_S = 90.0
_POLL_S = 0.2


def start(run_dir: Path, port: int, *, login: bool = False) -> str:
    """Start everything in the background, and wait for the board.

    Args:
        run_dir: Where data and logs are kept.
        port: Port of the board; another when it is taken.
        login: Whether people log in at a provider that is started as well.

    Returns:
        Address of the board.

    Raises:
        LaunchError: It did not come up.
    """
    if login:
        keycloak.install()  # the deadline below is for a start
    command = [sys.executable, "-m", "workers.cli", "up", "--foreground"]
    options = ["--port", str(port), "--run-dir", str(run_dir), *(["--login"] if login else [])]
    start_detached(run_dir, [*command, *options])
    tries = patience(_READY_S, every_s=_POLL_S)
    return retried(lambda: _board(run_dir), tries, (LaunchError,))


def hold(run_dir: Path, port: int, report: Callable[[str], None], *, login: bool = False) -> None:
    """Run everything in this process until a signal.

    Args:
        run_dir: Where data and logs are kept.
        port: Port of the board; another when it is taken.
        report: Receives each step as a short message.
        login: Whether people log in at a provider that is started as well.

    Raises:
        LaunchError: A process ended.
        Retry: A service is out of reach.
    """
    chosen = choose_port(port)
    (run_dir / "environment").unlink(missing_ok=True)
    variables = {"WARDSTREAM_SERVING__PORT": str(chosen)}
    logins: LocalLogins | None = None
    if login:
        logins = LocalLogins(run_dir, chosen, "east", report).install()
        variables |= logins.environment
    pipeline = LocalPipeline(run_dir, environment=variables, report=report)
    with pipeline, ExitStack() as stack:
        if logins is not None:
            stack.enter_context(logins)
        pipeline.start_and_wait()
        pipeline.start_guard()
        pipeline.start_clocks()
        pipeline.start_notifier()
        pipeline.start_anchoring()
        pipeline.start_watchdog()
        if logins is not None:
            logins.wait_ready()
        lines = [f"export {k}={shlex.quote(v)}" for k, v in sorted(pipeline.environment.items())]
        environment = run_dir / "environment"
        environment.touch(mode=0o600)
        environment.write_text("\n".join(lines) + "\n")
        report(f"live board at http://127.0.0.1:{chosen}/")
        clock = SystemClock()
        try:
            while (failure := pipeline.failure or (logins and logins.failure)) is None:
                clock.sleep(_POLL_S)
        except (KeyboardInterrupt, SystemExit):  # the services' launcher turns SIGTERM into one
            return
        raise LaunchError(failure)


def _board(run_dir: Path) -> str:
    """The address of the board, if it answers.

    Raises:
        LaunchError: It does not.
        Stop: It never will: what holds the pipeline has ended.
    """
    log = run_dir / LAUNCHER_LOG
    state = read_state(run_dir)
    if not state.alive(state.launcher):
        raise Stop(f"{_last_line(log)} (the launcher has ended: see {log})")
    environment = run_dir / "environment"
    if environment.exists():
        text = environment.read_text()
        port = text.partition("WARDSTREAM_SERVING__PORT=")[2].split("\n")[0]
        address = f"http://127.0.0.1:{port}/"
        with suppress(httpx.HTTPError), own_client(timeout=1.0) as client:
            if client.get(address).is_success:
                return address
    raise LaunchError(f"The board did not answer within {_READY_S:.0f} s: see {log}.")


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return next((line for line in reversed(lines) if line.strip()), "It wrote nothing")
