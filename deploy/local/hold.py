"""Hold services until a signal: `python -m deploy.local.hold RUN_DIR [--only redis]`.

For work on the project (`pytest --services-env RUN_DIR/state.json`) and as the background
half of `up`.
"""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.local.errors import LaunchError
from deploy.local.launcher import COMPONENTS, LocalServices


def main(arguments: Sequence[str] | None = None) -> int:
    """Start, print the settings, wait for a signal, stop; returns the exit status."""
    parser = argparse.ArgumentParser(prog="hold", description=__doc__)
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("--only", nargs="+", choices=COMPONENTS, default=COMPONENTS)
    parser.add_argument("--fresh", action="store_true", help="delete an earlier run's data first")
    parser.add_argument(
        "--secured", action="store_true", help="give the broker a listener with TLS and rights"
    )
    options = parser.parse_args(arguments)
    try:
        with LocalServices(
            options.run_dir, fresh=options.fresh, components=options.only, secured=options.secured
        ) as services:
            for name, value in services.environment.items():
                print(f"{name}={value}", flush=True)
            signal.pause()
    except LaunchError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
