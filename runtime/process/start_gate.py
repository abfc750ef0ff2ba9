"""Start early, begin late: load the code while the services come up.

Half of a process's start is importing. A launcher that names a file in `WARDSTREAM_START_GATE`
may start processes before there is anything to connect to; each waits for that file to be there.
Without the variable nothing waits.
"""

import os
from pathlib import Path

from runtime.clock import Clock, SystemClock
from runtime.errors import Stop

VARIABLE = "WARDSTREAM_START_GATE"
_LIMIT_S = 120.0
_LOOK_S = 0.05


def wait_at_gate(clock: Clock | None = None) -> None:
    """Wait for the file that `WARDSTREAM_START_GATE` names.

    Raises:
        Stop: It did not come in time.
    """
    name = os.environ.get(VARIABLE)
    if not name:
        return
    clock = clock or SystemClock()
    deadline_s = clock.monotonic_s() + _LIMIT_S
    while not Path(name).exists():
        if clock.monotonic_s() > deadline_s:
            msg = f"{VARIABLE} names {name}, which did not come within {_LIMIT_S:.0f} s"
            raise Stop(msg)
        clock.sleep(_LOOK_S)
