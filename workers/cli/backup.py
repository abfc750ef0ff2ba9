"""`wardstream backup` and `wardstream restore`."""

from collections.abc import Callable
from typing import Annotated, TypeVar

import typer

from runtime.clock import SystemClock
from runtime.errors import EXIT_REPLAY, EXIT_STOP, DeadLetter, Retry, Stop
from runtime.process.settings import Settings
from schemas.registry import RegistryUnavailable
from workers.operations.times import HELP, BadTime, parse_time, show_time

T = TypeVar("T")


def backup(
    to: Annotated[
        str | None, typer.Option("--to", metavar="URI", help="file:// or s3://; one backup each.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", help=f"Leave older rows out: {HELP}")
    ] = None,
    check: Annotated[
        str | None, typer.Option("--verify", metavar="URI", help="Read a backup and compare.")
    ] = None,
) -> None:
    """Copy what nothing else could give back; the line may run meanwhile.

    Tables, facts, audit, checkpoints, and the schema registry with its ids. Topics of frames,
    detections and what is derived from them are not copied: their rows are.
    """
    from workers.operations.backup import take  # noqa: PLC0415 - loads what it copies

    if (to is None) == (check is None) or (since is not None and to is None):
        typer.echo("give --to URI, with or without --since, or --verify URI", err=True)
        raise typer.Exit(EXIT_STOP)
    clock = SystemClock()
    if to is not None:
        where = to
        made = _in_words(
            lambda: take.take(
                Settings(),
                clock,
                where,
                since_us=None if since is None else parse_time(since, clock.now_us()),
                tell=typer.echo,
            )
        )
        typer.echo(f"backup of {show_time(made.made_us)} is whole: {where}")
    elif check is not None:
        uri = check
        made = _in_words(lambda: take.check(uri, typer.echo))
        typer.echo(f"backup of {show_time(made.made_us)} is what was written")


def restore(
    source: Annotated[str, typer.Option("--from", metavar="URI", help="Of the backup.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Put rows and checkpoints over those there are.")
    ] = False,
    accept_loss: Annotated[
        bool, typer.Option("--accept-loss", help="Go on although rows will be missing for good.")
    ] = False,
    replication: Annotated[int, typer.Option(help="Copies of each partition of new topics.")] = 1,
) -> None:
    """Put back what is missing, and count it again; end every process of the line first."""
    from workers.operations.backup.restore import restore as give_back  # noqa: PLC0415 - loads the domain

    made = _in_words(
        lambda: give_back(
            Settings(),
            SystemClock(),
            source,
            replace=replace,
            accept_loss=accept_loss,
            replication=replication,
            tell=typer.echo,
        )
    )
    typer.echo(f"everything of the backup of {show_time(made.made_us)} is there")


def _in_words(act: Callable[[], T]) -> T:
    """Turn errors into one sentence and an exit code."""
    try:
        return act()
    except (Stop, BadTime, DeadLetter) as exc:
        typer.echo(str(exc), err=True)
        raise typer.Exit(EXIT_STOP) from exc
    except (Retry, RegistryUnavailable) as exc:
        typer.echo(str(exc), err=True)
        raise typer.Exit(EXIT_REPLAY) from exc
