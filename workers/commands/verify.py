"""`wardstream verify`: is what stands in the topics and tables the fold of the detections?"""

import typer

from runtime.clock import SystemClock
from runtime.errors import EXIT_REPLAY, Retry, Stop
from runtime.settings import Settings
from schemas.registry import RegistryUnavailable
from schemas.topics import OCCUPANCY_LATEST, TOPICS


def verify(
    tables: bool = typer.Option(True, help="Also compare the tables with their topics."),
) -> None:
    """Fold the detections again in one process and compare topics and tables, key by key.

    Run it while the line is idle. The compacted topic holds only the newest value of a key, so
    that is what is compared there.
    """
    from workers.replay.oracle import (  # noqa: PLC0415 - loads the whole domain
        first_difference,
        fold_detections,
        fold_topic,
    )
    from workers.sinks.verify import compare  # noqa: PLC0415

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
        raise typer.Exit(1) from exc
    except (Retry, RegistryUnavailable) as exc:
        typer.echo(str(exc), err=True)
        raise typer.Exit(EXIT_REPLAY) from exc
    raise typer.Exit(1 if faults else 0)
