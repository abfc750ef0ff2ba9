"""A relay that ends itself, or stops, between two of its steps.

Each line on standard input is a job in JSON, done in a fork of this process, which has imported
everything and made no client yet: a test pays for a fork, and not for an interpreter. Keys: `dsn`,
`bootstrap`, `registry`, `prefix`, `at` (a step of `STEPS`), `signal` and `within_us`. One line on
standard output tells the fork's process id.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from runtime.clock import SystemClock
from runtime.errors import Retry
from runtime.kafka.cluster import Cluster
from runtime.kafka.registry import guarded_registry
from runtime.kafka.transactional import FencedProducer
from workers.registry.editing import relay as module
from workers.registry.editing.outbox import Outbox

STEPS = ("claimed", "fixed", "produced", "appended", "finished")
_MOST_STEPS = 300


def main() -> None:
    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if child == 0:
            os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # standard output is the parent's
            _work(job)
            os._exit(0)
        print(child, flush=True)


def _work(job: dict[str, Any]) -> None:
    end = _ender(job["signal"])
    at = job["at"]
    if at == "claimed":
        _after(module.Relay, "claim", end)
    elif at == "fixed":
        _after(Outbox, "fix", end)
    elif at == "produced":
        _after(FencedProducer, "_append", end)
    elif at == "appended":
        _after(FencedProducer, "write", end)
    elif at == "finished":
        _after(Outbox, "finish", end)
    clock = SystemClock()
    cluster = Cluster(
        bootstrap=job["bootstrap"],
        prefix=job["prefix"],
        registry=guarded_registry(job["registry"], clock),
        clock=clock,
    )
    with module.Relay(cluster, job["dsn"], within_us=job["within_us"]) as relay:
        for _ in range(_MOST_STEPS):
            try:
                if relay.lead() and relay.step() is None:
                    return
            except Retry as error:
                print(error, file=sys.stderr, flush=True)
                clock.sleep(0.1)


def _ender(name: str) -> Callable[[], None]:
    done: list[bool] = []

    def end() -> None:
        if not done:
            done.append(True)
            os.kill(os.getpid(), signal.Signals[name])

    return end


def _after(owner: type, name: str, then: Callable[[], None]) -> None:
    original = getattr(owner, name)

    def wrapped(*arguments: Any, **options: Any) -> Any:
        result = original(*arguments, **options)
        then()
        return result

    setattr(owner, name, wrapped)


if __name__ == "__main__":
    main()
