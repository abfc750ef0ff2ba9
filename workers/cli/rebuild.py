"""`wardstream rebuild`: fold again with what is known now, compare, and swap in what differs."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from confluent_kafka import KafkaException

from runtime.clock import SystemClock
from runtime.errors import EXIT_REPLAY, EXIT_STOP, DeadLetter, Retry, Stop
from runtime.process.settings import Settings
from schemas.registry import NotRegistered, RegistryUnavailable
from workers.operations.rebuild.start import BEGIN_HELP, parse_begin
from workers.operations.times import BadTime


def rebuild(
    begin: Annotated[
        str | None, typer.Option("--from", help=f"Where to begin. {BEGIN_HELP}")
    ] = None,
    floor: Annotated[
        list[str] | None, typer.Option(help="Only this floor; may be given more than once.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Compare, and leave nothing behind.")
    ] = False,
    swap: Annotated[
        bool, typer.Option("--swap", help="Put what differs in force, as a new revision.")
    ] = False,
    list_: Annotated[bool, typer.Option("--list", help="Show the revisions.")] = False,
    back_to: Annotated[
        int | None,
        typer.Option(
            "--revert",
            min=0,
            help="Take back every revision after this one; 0: show what the line itself wrote.",
        ),
    ] = None,
    drop: Annotated[
        int | None,
        typer.Option(
            "--drop",
            min=1,
            help="Delete the topics and rows of a revision that was taken back, or was never "
            "ended.",
        ),
    ] = None,
    checkpoints: Annotated[
        bool,
        typer.Option(
            "--checkpoints",
            help="Write checkpoints that this release reads, where there are others. First end "
            "the stream processors.",
        ),
    ] = False,
    why: Annotated[str, typer.Option(help="Reason, for audit.v1.")] = "",
    by: Annotated[
        str | None, typer.Option(help="Who does it; default: the user of this session.")
    ] = None,
) -> None:
    """Fold detections again with the facts as they are now recorded.

    A back-dated edit then holds from when it says so. Tracks, presence, occupancy and their rows
    are made anew under a prefix and in tables of their own, from the latest archived checkpoint
    before --from, and compared with what is live. Topics are never rewritten; --swap changes what
    the tables' readers see, and --revert changes it back.
    """
    chosen = [begin is not None, list_, back_to is not None, drop is not None, checkpoints]
    with _ends_in_words():
        if sum(chosen) != 1:
            raise Stop("give one of --from, --list, --revert, --drop and --checkpoints")
        settings, clock, actor = Settings(), SystemClock(), by or getpass.getuser()
        if list_:
            from workers.operations.rebuild.dropping import Size, sizes  # noqa: PLC0415 - loads the domain
            from workers.operations.rebuild.ledger import listed  # noqa: PLC0415
            from workers.operations.rebuild.report import listed as told  # noqa: PLC0415

            held: dict[int, Size] = {}
            revisions = listed(settings, clock)
            try:
                held = sizes(settings, clock) if revisions else held
            except Retry as exc:
                typer.echo(f"what each takes up is not known: {exc}", err=True)
            _print(told(revisions, held))
            return
        if back_to is not None:
            _needs(why)
            from workers.operations.rebuild.run import revert  # noqa: PLC0415

            taken, shown = revert(settings, clock, back_to, actor, why)
            numbers = ", ".join(map(str, taken)) or "nothing"
            typer.echo(f"taken back: {numbers}; {shown} values in Redis are shown as before")
            return
        if drop is not None:
            _needs(why)
            from workers.operations.rebuild.dropping import drop as carry_away  # noqa: PLC0415

            gone = carry_away(settings, clock, drop, actor, why)
            typer.echo(
                f"dropped: revision {drop}, {gone.topics} topics with {gone.records} records, "
                f"{gone.rows} rows"
            )
            return
        if checkpoints:
            _needs(why)
            from workers.operations.rebuild.restart import remake  # noqa: PLC0415

            _print(remake(settings, clock, actor, why))
            return
        if dry_run == swap:
            raise Stop("give --dry-run, to compare only, or --swap, to put what differs in force")
        if swap:
            _needs(why)
        from workers.operations.rebuild.report import told as report  # noqa: PLC0415
        from workers.operations.rebuild.run import Order  # noqa: PLC0415
        from workers.operations.rebuild.run import rebuild as carry_out  # noqa: PLC0415

        order = Order(
            begin=parse_begin(begin or "", clock.now_us()),
            floors=tuple(floor or ()),
            swap=swap,
            by=actor,
            why=why,
        )
        _print(report(carry_out(settings, clock, order, typer.echo)))


def _needs(why: str) -> None:
    if not why.strip():
        raise Stop("--why is empty: say why, for those who look at audit.v1 later")


def _print(lines: Iterator[str]) -> None:
    for line in lines:
        typer.echo(line)


@contextmanager
def _ends_in_words() -> Iterator[None]:
    """Turn errors into one sentence and an exit code."""
    try:
        yield
    except (Stop, BadTime, NotRegistered, DeadLetter) as exc:
        typer.echo(str(exc), err=True)
        raise typer.Exit(EXIT_STOP) from exc
    except (Retry, RegistryUnavailable, KafkaException) as exc:
        typer.echo(str(exc), err=True)
        raise typer.Exit(EXIT_REPLAY) from exc
