"""Frame of every long-running process: settings, logs, health, signals and exit codes."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from runtime.clock import Clock, SystemClock
from runtime.errors import EXIT_REPLAY, Retry, Stop
from runtime.process.health import Health, serve_health
from runtime.process.logging import configure_logging
from runtime.process.settings import Settings
from schemas.registry import IncompatibleSchema, NotRegistered, RegistryDenied, RegistryUnavailable

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Service:
    """Context of a process body.

    Attributes:
        settings: All settings.
        health: Health of the process; the body calls `ready()` once and `beat()` every loop.
        clock: Clock of the process.
        stop: Set by SIGTERM or SIGINT; the body ends its loop and returns.
        fault: Error for which another thread ended the process; None while none has.
    """

    settings: Settings
    health: Health
    clock: Clock = field(default_factory=SystemClock)
    stop: threading.Event = field(default_factory=threading.Event)
    fault: Stop | None = None

    def end(self, fault: Stop) -> None:
        """End the body as a signal would, and the process with the exit code of `fault`.

        May be called from any thread.
        """
        self.fault = fault
        self.stop.set()

    def raise_fault(self) -> None:
        """Raise the fault after the body has ended.

        Raises:
            Stop: Another thread ended the process.
        """
        if self.fault is not None:
            raise self.fault


def run_service(stage: str, body: Callable[[Service], None], settings: Settings) -> int:
    """Run `body` until it returns or a signal asks it to; returns the exit code.

    Returns:
        0 after a clean end; the code of a `Stop`; `EXIT_REPLAY` when a dependency stayed out of
        reach longer than the body was willing to wait, or when something unforeseen was raised
        (the log has the trace; a restart resumes from the last commit).
    """
    configure_logging(settings, stage)
    health = Health(stage)
    service = Service(settings, health)

    def ask(_signal: int, _frame: object) -> None:
        service.stop.set()

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, ask)
        signal.signal(signal.SIGINT, ask)
    try:
        server = serve_health(health, settings)
        log.info("service.start", pid=os.getpid(), metrics_port=server.server_address[1])
        try:
            body(service)
        finally:
            service.raise_fault()
    except Stop as error:
        log.error("service.stop", error=str(error), exit_code=error.exit_code)
        return error.exit_code
    except (Retry, RegistryUnavailable) as error:
        log.error("service.dependency_out_of_reach", error=str(error), exit_code=EXIT_REPLAY)
        return EXIT_REPLAY
    except (IncompatibleSchema, NotRegistered, RegistryDenied) as error:
        stopped = Stop(str(error))
        log.error("service.stop", error=str(error), exit_code=stopped.exit_code)
        return stopped.exit_code
    except Exception:
        log.exception("service.crash", exit_code=EXIT_REPLAY)
        return EXIT_REPLAY
    finally:
        sys.stderr.flush()
    log.info("service.end")
    return 0
