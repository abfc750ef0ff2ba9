"""`wardstream experiment plan|run|list|show|drop`."""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer

from runtime.audit import Act
from runtime.clock import SystemClock
from runtime.errors import Stop
from runtime.process.user import user_name
from workers.audit.commands import record_command
from workers.cli.configuration import read_settings
from workers.cli.errors import exit_codes, need_reason
from workers.cli.installations import open_installation
from workers.cli.output import Json, print_json, print_lines, print_table, print_text
from workers.operations.experiments.planning import Asked, PlannedExperiment
from workers.operations.experiments.planning import plan as planned
from workers.operations.experiments.running import expire
from workers.operations.experiments.running import run as run_experiment
from workers.operations.experiments.settings_file import Replacement, read_replacement
from workers.operations.experiments.store import Kept, open_store
from workers.operations.experiments.value.experiment import SHORT, schema_of
from workers.operations.installation import Installation
from workers.operations.times import HELP, parse_time, show_time

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Fold detections of the past again under other settings, beside the pipeline.",
)

_ARM: Final = re.compile(r"([a-z][a-z0-9-]{0,15})=(live|(settings|model):(.+))")

From = Annotated[str, typer.Option("--from", help=f"First append time. {HELP}")]
To = Annotated[str, typer.Option("--to", help="Last append time, 10 s ago or earlier.")]
ArmOption = Annotated[
    list[str] | None,
    typer.Option("--arm", help="NAME=live or NAME=settings:FILE.yaml; give one or more."),
]
Partition = Annotated[
    list[int] | None, typer.Option(help="Only this partition; may be given more than once.")
]
Why = Annotated[str, typer.Option(help="Your reason; kept in audit.v1.")]
By = Annotated[str | None, typer.Option(help="Who does this; default: you.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="The first digits of its id.")]


@app.command()
def plan(
    start: From,
    arm: ArmOption = None,
    end: To = "10s",
    partition: Partition = None,
    as_json: Json = False,
) -> None:
    """Print what an experiment would read, its id and what it costs; nothing is written."""
    with exit_codes():
        found = _plan(open_installation(), start, end, arm, partition)
    if as_json:
        print_json([{"id": found.experiment.id, **msgspec.to_builtins(found)}])
    else:
        print_lines(_described(found))


@app.command()
def run(
    start: Annotated[str, typer.Option("--from", help=f"First append time. {HELP}")] = "",
    arm: ArmOption = None,
    end: To = "10s",
    partition: Partition = None,
    resume: Annotated[str, typer.Option(help="Go on with the experiment of this id.")] = "",
    why: Why = "",
    by: By = None,
) -> None:
    """Fold every arm and keep its tables. The pipeline sees nothing; nothing is run twice."""
    who = by or user_name()
    with exit_codes():
        if bool(start) == bool(resume):
            raise Stop("give --from and --arm for an experiment, or --resume with its id")
        limits = read_settings().experiments
        installation = open_installation()
        if resume:
            with open_store(installation.database_url, installation.objects_url) as store:
                known = store.find(resume)
            experiment = known.experiment
            span = _us(known.from_at), _us(known.to_at)
        else:
            found = _plan(installation, start, end, arm, partition)
            print_lines(_described(found))
            experiment, span = found.experiment, (found.from_us, found.to_us)
        for one in expire(installation, limits):
            print_text(f"experiment {one[:SHORT]} was kept long enough: dropped")
        detail = f"{show_time(span[0])} to {show_time(span[1])}, {experiment.records} detections"
        act = Act("experiment.run", f"experiment/{experiment.id}", detail)
        record_command(installation.cluster, act, why=why, actor=who)
        kept = run_experiment(
            installation, experiment, span, limits, by=who, why=why, announce=print_text
        )
        print_text(f"kept in schema {schema_of(kept.id)} and {_megabytes(kept)} of files")


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the experiments that are kept: what, when, by whom, and how large."""
    with exit_codes():
        kept = _all(open_installation())
    if as_json:
        print_json(map(_row, kept))
        return
    print_table(
        ("id", "from", "to", "arms", "state", "size", "run at", "by"),
        [
            (
                *(one.id[:SHORT], f"{one.from_at:%Y-%m-%d %H:%M}", f"{one.to_at:%Y-%m-%d %H:%M}"),
                ", ".join(arm.name for arm in one.experiment.arms),
                "complete" if one.done_at else "cut off",
                *(_megabytes(one), f"{one.run_at:%Y-%m-%d %H:%M}", one.run_by),
            )
            for one in kept
        ],
    )


@app.command()
def show(identity: Id, as_json: Json = False) -> None:
    """Show the configuration, the ranges and the sizes of one experiment."""
    with exit_codes():
        installation = open_installation()
        with open_store(installation.database_url, installation.objects_url) as store:
            kept = store.find(identity)
    if as_json:
        print_json([{**_row(kept), "experiment": msgspec.to_builtins(kept.experiment)}])
        return
    print_lines(_shown(kept))


@app.command()
def drop(identity: Id, why: Why = "", by: By = None) -> None:
    """Delete the tables and files of an experiment."""
    with exit_codes():
        need_reason(why)
        installation = open_installation()
        with open_store(installation.database_url, installation.objects_url) as store:
            kept = store.find(identity)
            act = Act("experiment.dropped", f"experiment/{kept.id}", _megabytes(kept))
            with store.locked(kept.id):
                record_command(installation.cluster, act, why=why, actor=by or user_name())
                files = store.drop(kept.id)
    typer.echo(f"dropped: experiment {kept.id[:SHORT]}, its schema and {files} files")


def _plan(
    installation: Installation,
    start: str,
    end: str,
    arms: list[str] | None,
    partitions: list[int] | None,
) -> PlannedExperiment:
    now_us = SystemClock().now_us()
    chosen = None if partitions is None else tuple(sorted({*partitions}))
    asked = Asked(
        from_us=parse_time(start, now_us),
        to_us=parse_time(end, now_us),
        partitions=chosen,
        arms=arms_of(arms or []),
    )
    return planned(installation, asked)


def arms_of(texts: list[str]) -> dict[str, Replacement]:
    """Arms of a command line, by name.

    Raises:
        Stop: One is no arm, or its file is wrong; the message names it.
        ImportRefused: Facts in its file are wrong.
    """
    arms: dict[str, Replacement] = {}
    for text in texts:
        found = _ARM.fullmatch(text)
        if found is None:
            raise Stop(f"--arm {text}: give NAME=live or NAME=settings:FILE.yaml, such as a=live")
        name, _, kind, file = found.groups()
        if name in arms:
            raise Stop(f"--arm {text}: there is an arm {name} already")
        if kind == "model":
            raise Stop(f"--arm {text}: arms with another model are not there yet")
        arms[name] = Replacement() if kind is None else read_replacement(Path(file))
    if not arms:
        raise Stop("give at least one --arm, such as --arm a=live --arm b=settings:other.yaml")
    return arms


def _all(installation: Installation) -> list[Kept]:
    with open_store(installation.database_url, installation.objects_url) as store:
        return store.all()


def _described(found: PlannedExperiment) -> Iterator[str]:
    experiment = found.experiment
    hours = (found.to_us - found.from_us) / 3.6e9
    yield f"experiment {experiment.id}"
    yield (
        f"from {show_time(found.from_us)} to {show_time(found.to_us)}: {hours:.2f} h, "
        f"{experiment.records} detections, those of the warm-up included"
    )
    for one in experiment.ranges:
        start = f"  partition {one.partition}: offsets {one.first} to {one.end}, "
        if one.partition in found.cold:
            seconds, why = found.cold[one.partition]
            yield f"{start}warmed up for {seconds:.0f} s from {one.start}, because {why}"
        else:
            yield f"{start}from the checkpoint at {one.start}"
    for camera, number in found.cameras.items():
        moved = found.moved.get(camera)
        yield f"  camera {camera}: {number} detections" + (f"; it moved: {moved}" if moved else "")
    yield f"models: {', '.join(experiment.models) or 'none'}"
    for arm in experiment.arms:
        yield f"arm {arm.name}: {', '.join(arm.replaced) or 'as the pipeline'}"
    yield f"cost: about {found.seconds:.0f} s of one core, no inference"


def _shown(kept: Kept) -> Iterator[str]:
    experiment = kept.experiment
    yield f"experiment {kept.id}"
    state = f"complete since {kept.done_at:%Y-%m-%d %H:%M:%S}" if kept.done_at else "cut off"
    yield f"run at {kept.run_at:%Y-%m-%d %H:%M:%S} by {kept.run_by}: {kept.why or '-'}; {state}"
    yield f"from {kept.from_at.isoformat()} to {kept.to_at.isoformat()}"
    for one in experiment.ranges:
        yield f"  partition {one.partition}: offsets {one.first} to {one.end}, from {one.start}"
    yield f"models: {', '.join(experiment.models) or 'none'}"
    yield f"code: {experiment.code}"
    for arm in experiment.arms:
        yield f"arm {arm.name}: {', '.join(arm.replaced) or 'as the pipeline'}"
        rows = kept.rows.get(arm.name, {})
        yield f"  rows: {', '.join(f'{name} {number}' for name, number in rows.items()) or 'none'}"
    yield f"schema {schema_of(kept.id)}, {_megabytes(kept)} of files"


def _row(kept: Kept) -> dict[str, Any]:
    return {
        "id": kept.id,
        "schema": schema_of(kept.id),
        "from": kept.from_at.isoformat(),
        "to": kept.to_at.isoformat(),
        "arms": {arm.name: list(arm.replaced) for arm in kept.experiment.arms},
        "run_at": kept.run_at.isoformat(),
        "run_by": kept.run_by,
        "why": kept.why,
        "done_at": kept.done_at.isoformat() if kept.done_at else None,
        "bytes": kept.bytes,
        "rows": kept.rows,
    }


def _us(moment: datetime) -> int:
    return round(moment.timestamp() * 1e6)


def _megabytes(kept: Kept) -> str:
    return f"{kept.bytes / 1e6:.1f} MB"
