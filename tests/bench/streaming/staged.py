"""The stream processor with a stopwatch at each stage: where its processor time goes.

Runs in place of `wardstream` (`python -m tests.bench.streaming.staged stream`). Each watched call
adds the processor time of its thread, less that of watched calls inside it. The stopwatches
cost some of what they measure, so this run is for shares alone. At the end one line of JSON
goes to the file in `WARDSTREAM_BENCH_STAGES`.
"""

import atexit
import functools
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

OUT = "WARDSTREAM_BENCH_STAGES"

WATCHED = (
    ("streams.processor.pipeline_fold:PipelineFold._decode", "decode"),
    ("streams.processor.fact_source:FactSource.ensure", "side inputs"),
    ("streams.domain.pipeline:fence", "fence"),
    ("streams.domain.camera.step:advance_boxes", "tracker"),
    ("streams.domain.pipeline:step", "places and views"),
    ("streams.domain.pipeline:close_ticks", "ticks: the rest"),
    ("streams.domain.floor.closing:_observe", "zones"),
    ("streams.domain.floor.closing:_occupancy", "occupancy and coverage"),
    ("streams.domain.floor.closing:_presence", "presence"),
    ("streams.processor.pipeline_fold:Wire.write", "encode"),
    ("runtime.checkpoints.outputs:HeldOutputs.emit", "produce"),
    ("runtime.checkpoints.fold:PartitionProgress.snapshot", "checkpoint: encode"),
    ("streams.processor.pipeline_fold:PipelineFold.advance", "fold, the rest"),
)


class Stopwatches:
    """Processor time by stage, exclusive of stages inside."""

    def __init__(self) -> None:
        self.spent_ns: dict[str, int] = {}
        self.calls: dict[str, int] = {}
        self._inner = threading.local()

    def watch(self, path: str, stage: str) -> None:
        """Put a stopwatch around the function at `module:attribute.path`."""
        module_name, _, names = path.partition(":")
        owner: Any = import_module(module_name)
        *parents, last = names.split(".")
        for parent in parents:
            owner = getattr(owner, parent)
        setattr(owner, last, self._timed(getattr(owner, last), stage))

    def _timed(self, function: Callable[..., Any], stage: str) -> Callable[..., Any]:
        spent, calls, inner = self.spent_ns, self.calls, self._inner
        spent[stage] = calls[stage] = 0
        clock = time.thread_time_ns

        @functools.wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            outer = getattr(inner, "ns", 0)
            inner.ns = 0
            started = clock()
            try:
                return function(*args, **kwargs)
            finally:
                took = clock() - started
                spent[stage] += took - inner.ns
                calls[stage] += 1
                inner.ns = outer + took

        return timed


def main() -> None:
    """Watch what exists under its name, then run the command line as `wardstream` does."""
    watches = Stopwatches()
    for path, stage in WATCHED:
        try:
            watches.watch(path, stage)
        except AttributeError:
            print(f"no {path} in this version", file=sys.stderr)

    def write() -> None:
        Path(os.environ[OUT]).write_text(
            json.dumps(
                {"ns": watches.spent_ns, "calls": watches.calls, "cpu_s": time.process_time()}
            )
        )

    atexit.register(write)
    from workers.cli.app import main as cli

    cli()


if __name__ == "__main__":
    main()
