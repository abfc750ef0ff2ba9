"""`wardstream topics create|check|list`."""

from typing import Annotated

import typer

from runtime.kafka.topics import check_topics, create_topics
from schemas.topics import TOPICS
from workers.cli.connections import open_cluster
from workers.cli.errors import exit_codes
from workers.cli.output import Json, print_json, print_table

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Create and check the Kafka topics."
)


@app.command()
def create(
    replication: Annotated[int, typer.Option(help="Copies of each partition.")] = 1,
) -> None:
    """Create the topics that are missing, then check all of them."""
    with exit_codes():
        created = create_topics(open_cluster(), replication)
    typer.echo(f"{len(created)} topics created, {len(TOPICS)} as the table says")


@app.command()
def check() -> None:
    """Check that the topics on the broker are as they must be."""
    with exit_codes():
        check_topics(open_cluster())
    typer.echo(f"{len(TOPICS)} topics as the table says")


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List every topic: its key, partitions, retention and format."""
    rows = [
        {
            "topic": topic.name,
            "key": topic.key,
            "partitions": topic.partitions,
            "cleanup": topic.cleanup,
            "kept_days": None if topic.cleanup == "compact" else topic.retention_ms / 86_400_000,
            "values": "Avro" if topic.avro else "bytes",
        }
        for topic in TOPICS.values()
    ]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        days = row.pop("kept_days")
        row["kept"] = "newest per key" if days is None else f"{days:g} days"
    print_table(list(rows[0]), [list(row.values()) for row in rows])
