"""Every fault that tests put into the code on purpose finds the code that it replaces."""

import re
import subprocess
import sys

from tests.support.paths import ROOT

APPLY_ALL = """
from tests.support import mutant, mutations
for apply in mutations.MUTATIONS.values():
    apply("w1")
for apply in mutant.MUTATIONS.values():
    apply(lambda: None)
"""


def test_every_fault_on_purpose_finds_what_it_replaces() -> None:
    answer = subprocess.run(
        [sys.executable, "-c", APPLY_ALL], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert answer.returncode == 0, answer.stderr
    pieces = set(re.findall(r"mutation: replaced (\S+)", answer.stderr))
    assert len(pieces) >= 10, pieces
