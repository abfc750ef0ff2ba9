"""`wardstream rebuild run|list|revert|drop|checkpoints`."""

from typing import Annotated

import typer

from runtime.clock import SystemClock
from runtime.errors import Retry, Stop
from runtime.process.user import user_name
from workers.cli.errors import exit_codes, need_reason
from workers.cli.installations import open_installation
from workers.cli.output import Json, print_error, print_json, print_lines, print_text
from workers.operations.rebuild import dropping, opening, report, restart
from workers.operations.rebuild.order import Order
from workers.operations.rebuild.revert import revert as revert_to
from workers.operations.rebuild.run import rebuild
from workers.operations.rebuild.start import ORIGIN_HELP, parse_origin
from workers.operations.times import show_time

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Compute past results again, after a back-dated edit of reference data.",
)

Why = Annotated[str, typer.Option(help="Your reason; kept in audit.v1.")]
By = Annotated[str | None, typer.Option(help="Who does this; default: you.")]


@app.command()
def run(
    start: Annotated[str, typer.Option("--from", help=f"Where to start. {ORIGIN_HELP}")],
    floor: Annotated[
        list[str] | None, typer.Option(help="Only this floor; may be given more than once.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Compare, and leave nothing behind.")
    ] = False,
    swap: Annotated[
        bool, typer.Option("--swap", help="Put what differs in force, as a new revision.")
    ] = False,
    why: Why = "",
    by: By = None,
) -> None:
    """Fold detections again with today's reference data, and compare with the live rows.

    A back-dated edit then holds from when it says so. Records are written to topics and tables of
    their own, from the latest archived checkpoint before --from. The live topics are never
    rewritten: --swap changes what readers of the tables see, and `rebuild revert` changes it back.
    """
    clock = SystemClock()
    with exit_codes():
        if dry_run == swap:
            raise Stop("give --dry-run, to compare only, or --swap, to put what differs in force")
        if swap:
            need_reason(why)
        order = Order(
            origin=parse_origin(start, clock.now_us()),
            floors=tuple(floor or ()),
            swap=swap,
            by=by or user_name(),
            why=why,
        )
        print_lines(report.lines_of(rebuild(open_installation(clock), order, print_text)))


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the revisions: what was rebuilt, by whom, why, and whether it is in force."""
    installation = open_installation()
    with exit_codes():
        revisions = opening.listed(installation)
        sizes: dict[int, dropping.Size] = {}
        try:
            sizes = dropping.sizes(installation) if revisions else sizes
        except Retry as error:
            print_error(f"the size of each revision is not known: {error}")
    if not as_json:
        print_lines(report.listed(revisions, sizes))
        return
    for one in revisions:
        size = sizes.get(one.revision)
        row = {
            **one._asdict(),
            "begun_at": show_time(round(one.begun_at.timestamp() * 1e6)),
            "changed_at": show_time(round(one.changed_at.timestamp() * 1e6)),
            "size": None if size is None else size._asdict(),
        }
        del row["plan"]
        print_json([row])


@app.command()
def revert(
    revision: Annotated[
        int,
        typer.Argument(min=0, help="The last to keep; 0 shows what the pipeline itself wrote."),
    ],
    why: Why = "",
    by: By = None,
) -> None:
    """Take back every revision after this one."""
    with exit_codes():
        need_reason(why)
        taken, shown = revert_to(open_installation(), revision, by or user_name(), why)
    numbers = ", ".join(map(str, taken)) or "nothing"
    typer.echo(f"taken back: {numbers}; {shown} values in Redis are shown as before")


@app.command()
def drop(
    revision: Annotated[int, typer.Argument(min=1, help="A revision that is not in force.")],
    why: Why = "",
    by: By = None,
) -> None:
    """Delete the topics and rows of a revision that was taken back or interrupted."""
    with exit_codes():
        need_reason(why)
        gone = dropping.drop(open_installation(), revision, by or user_name(), why)
    typer.echo(
        f"dropped: revision {revision}, {gone.topics} topics with {gone.records} records, "
        f"{gone.rows} rows"
    )


@app.command()
def checkpoints(why: Why = "", by: By = None) -> None:
    """Write checkpoints that this release reads. Stop the stream processors first."""
    with exit_codes():
        need_reason(why)
        print_lines(restart.remake(open_installation(), by or user_name(), why))
