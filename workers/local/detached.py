"""The pipeline on this machine, in the background: start it, hold it, find its board."""

import shlex
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from deploy.local.detached import up as start_detached
from deploy.local.errors import LaunchError
from workers.local.demo.options import choose_port
from workers.local.pipeline import LocalPipeline

_READY_S = 90.0
_POLL_S = 0.2


def start(run_dir: Path, port: int) -> str:
    """Start everything in the background, and wait for the board.

    Args:
        run_dir: Where data and logs are kept.
        port: Port of the board; another when it is taken.

    Returns:
        Address of the board.

    Raises:
        LaunchError: It did not come up.
    """
    command = [sys.executable, "-m", "workers.cli", "up", "--foreground"]
    start_detached(run_dir, [*command, "--port", str(port), "--run-dir", str(run_dir)])
    return _wait_for_board(run_dir)


def hold(run_dir: Path, port: int, report: Callable[[str], None]) -> None:
    """Run everything in this process until a signal.

    Args:
        run_dir: Where data and logs are kept.
        port: Port of the board; another when it is taken.
        report: Receives each step as a short message.

    Raises:
        LaunchError: A process ended.
        Retry: A service is out of reach.
    """
    chosen = choose_port(port)
    (run_dir / "environment").unlink(missing_ok=True)
    pipeline = LocalPipeline(
        run_dir, environment={"WARDSTREAM_SERVING__PORT": str(chosen)}, report=report
    )
    with pipeline:
        pipeline.start_and_wait()
        pipeline.start_watchdog()
        lines = [f"export {k}={shlex.quote(v)}" for k, v in sorted(pipeline.environment.items())]
        environment = run_dir / "environment"
        environment.touch(mode=0o600)
        environment.write_text("\n".join(lines) + "\n")
        report(f"live board at http://127.0.0.1:{chosen}/")
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            while pipeline.supervisor.failure is None:
                time.sleep(_POLL_S)
        except KeyboardInterrupt:
            return
        raise LaunchError(pipeline.supervisor.failure)


def _wait_for_board(run_dir: Path) -> str:
    """Wait until the board answers; returns its address.

    Raises:
        LaunchError: It does not in time.
    """
    deadline = time.monotonic() + _READY_S
    environment = run_dir / "environment"
    while time.monotonic() < deadline:
        if environment.exists():
            text = environment.read_text()
            port = text.partition("WARDSTREAM_SERVING__PORT=")[2].split("\n")[0]
            address = f"http://127.0.0.1:{port}/"
            try:
                if httpx.get(address, timeout=1.0).is_success:
                    return address
            except httpx.HTTPError:
                pass
        time.sleep(_POLL_S)
    raise LaunchError(
        f"The board did not answer within {_READY_S:.0f} s: see {run_dir / 'launcher.log'}."
    )
