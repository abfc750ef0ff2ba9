"""`wardstream doctor`."""

import typer

from runtime.clock import SystemClock
from workers.cli.configuration import read_settings
from workers.cli.output import Json, print_json, print_text
from workers.operations.doctor import examine_all


def doctor(as_json: Json = False) -> None:
    """Check services, topics, schemas, tables, detector, lag and alerts; say what to do."""
    well = True
    for finding in examine_all(read_settings(), SystemClock()):
        well &= finding.good
        if as_json:
            print_json([finding._asdict()])
        else:
            print_text(f"{'ok   ' if finding.good else 'WRONG'}  {finding.what}: {finding.message}")
    raise typer.Exit(0 if well else 1)
