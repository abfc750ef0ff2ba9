"""`wardstream tail TOPIC`."""

import json
import sys
from itertools import islice
from typing import Annotated

import typer

from runtime.audit import Act
from runtime.errors import Stop
from schemas.topics import TOPICS
from workers.audit.commands import record_command
from workers.cli.connections import open_cluster
from workers.cli.errors import exit_codes
from workers.operations.tail import as_json
from workers.operations.tail import tail as read


def _names(incomplete: str) -> list[str]:
    return [name for name in TOPICS if name.startswith(incomplete)]


def tail(
    topic: Annotated[
        str,
        typer.Argument(help="A topic of `wardstream topics list`.", autocompletion=_names),
    ],
    beginning: Annotated[
        bool, typer.Option("--from-beginning", help="Start at the oldest record.")
    ] = False,
    count: Annotated[int | None, typer.Option(help="End after this many records.")] = None,
    key: Annotated[str | None, typer.Option(help="Only records with this key.")] = None,
    wait: Annotated[
        float | None, typer.Option(help="End after this many seconds without a record.")
    ] = None,
) -> None:
    """Print the records of a topic as JSON lines, oldest first within a partition."""
    with exit_codes():
        if topic not in TOPICS:
            raise Stop(f"{topic} is not a topic; `wardstream topics list` names them all")
        cluster = open_cluster()
        shown = "from the beginning" if beginning else "from now on"
        record_command(
            cluster, Act("topic.read", topic, shown if key is None else f"{shown}, {key}")
        )
        records = read(cluster, TOPICS[topic], beginning=beginning, key=key, wait_s=wait)
        try:
            for record in islice(records, count):
                sys.stdout.write(json.dumps(record, default=as_json) + "\n")
                sys.stdout.flush()
        except (KeyboardInterrupt, BrokenPipeError):
            sys.stderr.close()
