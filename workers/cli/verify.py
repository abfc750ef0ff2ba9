"""`wardstream verify [tables]`."""

from collections.abc import Iterable
from typing import Annotated

import typer

from runtime.clock import SystemClock
from runtime.errors import Stop
from workers.cli.errors import exit_codes
from workers.cli.installations import open_installation
from workers.cli.output import Json, print_json
from workers.operations.times import HELP, parse_time
from workers.operations.verification.recount import recount
from workers.operations.verification.result import Check, Window
from workers.operations.verification.whole import compare_folds, compare_tables

app = typer.Typer(add_completion=False)


@app.callback(invoke_without_command=True)
def verify(
    ctx: typer.Context,
    start: Annotated[
        str | None, typer.Option("--from", help=f"Count a running pipeline from here on: {HELP}")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="Count up to here; default: now.")] = None,
    tables: Annotated[bool, typer.Option(help="Also compare the tables with their topics.")] = True,
    as_json: Json = False,
) -> None:
    """Check that the results are right: each stage wrote what follows from the stage before it.

    With --from, while the pipeline runs: count frames by outcome, tracks, events, rows and live
    values, up to what each process has committed, and compare the counts.

    Without --from, while the pipeline is idle: fold all detections again in one process, and
    compare topics and tables key by key. Of a compacted topic the newest value of each key is
    compared.
    """
    if ctx.invoked_subcommand is not None:
        return
    clock = SystemClock()
    installation = open_installation(clock)
    with exit_codes():
        if start is not None:
            now_us = clock.now_us()
            window = Window(parse_time(start, now_us), parse_time(end or "0s", now_us))
            checks: Iterable[Check] = recount(installation, window)
        elif end is not None:
            raise Stop("--to needs --from")
        else:
            checks = compare_folds(installation.cluster, installation.pipeline)
        wrong = _report(checks, as_json=as_json)
        if tables and start is None:
            wrong |= _report(compare_tables(installation), as_json=as_json)
    raise typer.Exit(1 if wrong else 0)


@app.command("tables")
def tables_(as_json: Json = False) -> None:
    """Compare every table with the topic it was filled from, key by key, while the sink is idle."""
    with exit_codes():
        wrong = _report(compare_tables(open_installation()), as_json=as_json)
    raise typer.Exit(1 if wrong else 0)


def _report(checks: Iterable[Check], *, as_json: bool) -> bool:
    """Print checks as they are made; returns whether one found a difference."""
    wrong = False
    for check in checks:
        wrong |= check.first is not None
        if as_json:
            first = None if check.first is None else check.first._asdict()
            print_json([{"check": check.name, "counts": check.counts, "first_difference": first}])
        else:
            typer.echo(check.text())
    return wrong
