"""Checkpoints are decoded in several threads at once, from the first one on."""

import subprocess
import sys

import pytest

from tests.support.paths import ROOT

PROGRAM = """
import sys, threading
import msgspec
from runtime.checkpoints import EntityState
from runtime.checkpoints.codec import decode_head
from runtime.errors import Stop
from streams.state.codec import decode_state
from streams.state.published import handover_of
from streams.state.settings_by_offset import from_values
from streams.state.version import STATE_VERSION

sys.setswitchinterval(1e-6)
what, start = sys.argv[1], threading.Barrier(8)
zones = {"z": {"shown": {"roles": []}}}
state = EntityState(STATE_VERSION, msgspec.msgpack.encode({"zones": zones}))
reads = {
    "floor": lambda: decode_state("floor/a", state),
    "camera": lambda: decode_state("camera/a", state),
    "handover": lambda: handover_of(state),
    "head": lambda: decode_head(b'{"entities": {}}'),
    "settings": lambda: from_values({"floor": {"fusion": {}}}),
}

def read():
    start.wait()
    for _ in range(3):
        try:
            reads[what]()
        except Exception as error:  # it is refused, and not read by a process that ends
            refused.append(error)

refused = []
threads = [threading.Thread(target=read) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert len(refused) == 24, refused
"""


@pytest.mark.parametrize("what", ["floor", "camera", "handover", "head", "settings"])
def test_the_first_reads_of_a_state_may_be_in_several_threads(what: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, what],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert (done.returncode, done.stderr) == (0, "")
