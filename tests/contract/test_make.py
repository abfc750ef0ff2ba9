"""What `make` gives the processes that it starts."""

import os
import subprocess
import sys

from tests.support.paths import ROOT


def test_processes_of_make_keep_their_compiled_modules() -> None:
    """Each would compile hundreds of modules again, and a test run starts thousands."""
    shown = f"shown: ; @{sys.executable} -c 'import sys; print(sys.dont_write_bytecode)'"
    done = subprocess.run(
        ["make", "--no-print-directory", f"--eval={shown}", "shown"],
        cwd=ROOT,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "False\n"
