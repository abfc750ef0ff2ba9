"""`wardstream verify`: is what stands in the topics and tables the fold of the detections?"""

from typing import Annotated

import typer

from runtime.clock import SystemClock
from runtime.errors import EXIT_REPLAY, EXIT_STOP, DeadLetter, Retry, Stop
from runtime.process.settings import Settings
from schemas.registry import RegistryUnavailable
from schemas.topics import OCCUPANCY_LATEST, TOPICS
from workers.operations.times import HELP, BadTime, parse_time


def verify(
    tables: Annotated[bool, typer.Option(help="Also compare the tables with their topics.")] = True,
    begin: Annotated[
        str | None, typer.Option("--from", help=f"Recount a running line from here on: {HELP}")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", help="Recount up to here; default: now.")
    ] = None,
) -> None:
    """Compare what every stage wrote with what the stage before it wrote.

    With --from, and --to, count frames by outcome, tracks, events, rows and live values again and
    against each other, up to what each process has committed: the line may run meanwhile.

    Without, fold all detections again in one process and compare topics and tables, key by key.
    Do so while the line is idle. The compacted topic holds only the newest value of a key, so that
    is what is compared there.
    """
    if begin is not None:
        raise typer.Exit(_recount(begin, end or "0s"))
    if end is not None:
        typer.echo("--to needs --from", err=True)
        raise typer.Exit(EXIT_STOP)
    raise typer.Exit(_fold_again(tables))


def _recount(begin: str, end: str) -> int:
    from workers.operations.verification.recount import recount  # noqa: PLC0415 - loads what it compares
    from workers.operations.verification.result import Window  # noqa: PLC0415

    clock = SystemClock()
    try:
        now_us = clock.now_us()
        window = Window(parse_time(begin, now_us), parse_time(end, now_us))
        checks = recount(Settings(), clock, window)
    except (BadTime, Stop, DeadLetter) as exc:
        typer.echo(str(exc), err=True)
        return EXIT_STOP
    except (Retry, RegistryUnavailable) as exc:
        typer.echo(str(exc), err=True)
        return EXIT_REPLAY
    for check in checks:
        typer.echo(check.told())
    wrong = [check for check in checks if check.first is not None]
    if wrong and wrong[0].first is not None:
        where, what = wrong[0].first
        typer.echo(f"first mismatch: {where}: {what}")
    return 1 if wrong else 0


def _fold_again(tables: bool) -> int:
    from workers.operations.verification.oracle import (  # noqa: PLC0415 - loads the whole domain
        first_difference,
        fold_detections,
        fold_topic,
    )
    from workers.operations.verification.tables import compare  # noqa: PLC0415

    settings = Settings()
    faults = 0
    try:
        for name, fold in fold_detections(settings, SystemClock()).items():
            kept = slice(-1, None) if name == OCCUPANCY_LATEST.name else slice(None)
            written = fold_topic(settings, TOPICS[name])
            expected = {key: bodies[kept] for key, bodies in fold.items()}
            found = {key: bodies[kept] for key, bodies in written.items()}
            difference = first_difference(settings, name, expected, found)
            faults += difference is not None
            records = sum(map(len, expected.values()))
            typer.echo(f"{name}: {difference or f'equal, {len(expected)} keys, {records} records'}")
        for table in compare(settings) if tables else ():
            faults += table.difference is not None
            typer.echo(f"table {table.table}: {table.difference or f'equal, {table.rows} rows'}")
    except Stop as exc:
        typer.echo(str(exc), err=True)
        return 1
    except (Retry, RegistryUnavailable) as exc:
        typer.echo(str(exc), err=True)
        return EXIT_REPLAY
    return 1 if faults else 0
