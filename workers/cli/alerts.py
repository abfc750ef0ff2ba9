"""`wardstream alerts simulate`."""

from datetime import time
from pathlib import Path
from time import process_time
from typing import Annotated

import typer

from runtime.audit import Act
from runtime.clock import SystemClock
from runtime.errors import DeadLetter, Stop
from workers.audit.commands import record_command
from workers.cli.connections import open_cluster
from workers.cli.errors import exit_codes
from workers.cli.output import Json, print_json, print_lines, print_table, print_text
from workers.operations.times import HELP, parse_time
from workers.registry.files import read_rows
from workers.registry.rule_rows import RuleRow
from workers.registry.values import time_of_day
from workers.simulation.report import SHIFTS, Report, example_of, row_of
from workers.simulation.simulation import (
    LEAD_US,
    Simulation,
    facts_with,
    partitions_of,
    records_of,
    tried,
)

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Try rules of alerts over the recorded past."
)


@app.callback()
def _group() -> None:
    """Keep `simulate` a command of a group."""


@app.command()
def simulate(
    start: Annotated[str, typer.Option("--from", help=f"First time that is reported: {HELP}")],
    rules: Annotated[
        Path | None,
        typer.Argument(help="Rules as for `wardstream rule import`; default: those registered."),
    ] = None,
    end: Annotated[str, typer.Option("--to", help="Last time; default: now.")] = "0s",
    shifts: Annotated[
        str, typer.Option(help="When the shifts of a day begin, on each floor's clock.")
    ] = ",".join(f"{one:%H:%M}" for one in SHIFTS),
    examples: Annotated[
        int, typer.Option(help="Alerts of each rule that are shown.", min=0, max=1000)
    ] = 3,
    as_json: Json = False,
) -> None:
    """Say what rules would have done: alerts per shift and tier, with examples.

    The step of the pipeline runs over the records that are on the topics, and an hour before
    --from to know who was there; nothing is written. Rules of a file hold all the time, whatever
    is registered.
    """
    with exit_codes():
        cluster = open_cluster()
        now_us = SystemClock().now_us()
        from_us, to_us = parse_time(start, now_us), parse_time(end, now_us)
        if from_us >= to_us:
            raise Stop("--from is not before --to")
        starts = _starts(shifts)
        given = None
        if rules is not None:
            given = [tried(row.fields()) for row in read_rows(rules, RuleRow)]
        name = "registered rules" if rules is None else rules.name
        record_command(cluster, Act("alerts.simulated", name, f"from {start} to {end}"))
        facts = facts_with(cluster, given)
        floors = facts.at(to_us).floors
        zones = {floor_id: floor["time_zone"] for floor_id, floor in floors.items()}
        report = Report(zones, starts, examples)
        simulation = Simulation(facts, from_us, to_us)
        given_up: list[DeadLetter] = []
        before_s = process_time()
        for partition in partitions_of(cluster):
            records = records_of(cluster, partition, from_us - LEAD_US, given_up.append)
            report.take(simulation.of(records))
        used_s = process_time() - before_s
        _print(report, as_json=as_json)
        hours = simulation.followed_us / 3_600_000_000
        counts = {
            "records": simulation.counts["records"],
            "not_read": len(given_up),
            "repeats": simulation.counts["repeats"],
            "late": simulation.counts["late"],
            "floor_hours": round(hours, 3),
            "cpu_s": round(used_s, 3),
            "cpu_s_per_floor_hour": round(used_s / hours, 3) if hours else None,
        }
        if as_json:
            print_json([counts])
        else:
            print_text(", ".join(f"{name} {value}" for name, value in counts.items()))


def _starts(text: str) -> list[time]:
    try:
        starts = [time_of_day(part.strip()) for part in text.split(",")]
    except ValueError as error:
        raise Stop(f"--shifts: {error}") from error
    if len(set(starts)) < len(starts):
        raise Stop("--shifts: names a time twice")
    return starts


def _print(report: Report, *, as_json: bool) -> None:
    burdens = report.burdens()
    if as_json:
        print_json(row_of(one) for one in burdens)
        print_json({"example": at, **one.alert} for at, one in report.examples())
        return
    if not burdens:
        print_text("no alert would have been opened")
        return
    print_table(
        ("tier", "rule", "shift", "opened", "paged", "held back", "repeated", "suppressed", "s"),
        [
            (
                *(one.tier.lower(), one.rule_id, one.shift, one.opened, one.paged),
                ", ".join(f"{doubt.lower()} {count}" for doubt, count in one.held_back) or "-",
                *(one.repeated, one.suppressed),
                "-" if one.median_s is None else f"{one.median_s:.0f}",
            )
            for one in burdens
        ],
    )
    print_lines(f"  {one.alert['rule_id']}: {example_of(at, one)}" for at, one in report.examples())
