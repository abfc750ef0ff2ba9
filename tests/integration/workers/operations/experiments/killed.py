"""A run of an experiment that is killed once its second part has its objects and no rows."""

import os
import signal
import sys

import msgspec

from runtime.process.settings import Settings
from runtime.storage.objects import ObjectStore
from tests.support.ahead_clock import AheadClock
from tests.support.clusters import installation_of
from workers.operations.experiments.running import run
from workers.operations.experiments.value.experiment import Experiment

WRITTEN: list[str] = []
put = ObjectStore.put


def put_and_die(self: ObjectStore, path: str, data: bytes) -> str:
    """Write; kill the process with the last object of the second part."""
    uri = put(self, path, data)
    WRITTEN.append(path)
    if len(WRITTEN) == 8:
        os.kill(os.getpid(), signal.SIGKILL)
    return uri


if __name__ == "__main__":
    ObjectStore.put = put_and_die  # type: ignore[method-assign]
    clock = AheadClock()
    clock.ahead_s = 60
    settings = Settings()
    experiment = msgspec.json.decode(sys.stdin.buffer.read(), type=Experiment)
    run(installation_of(settings, clock), experiment, (0, 1), settings.experiments, by="ann")
