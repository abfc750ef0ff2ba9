"""`wardstream topics create|check|list`."""

import sys

import typer
from rich.console import Console
from rich.table import Table

from runtime.errors import EXIT_REPLAY, EXIT_STOP, Retry, Stop
from runtime.kafka.topics import check_topics, create_topics
from runtime.process.settings import Settings
from schemas.topics import TOPICS

app = typer.Typer(no_args_is_help=True, help="The topics of the table, on the broker.")


@app.command()
def create(replication: int = typer.Option(1, help="Copies of each partition.")) -> None:
    """Create every topic that is missing, then check all of them."""
    try:
        created = create_topics(Settings(), replication)
    except (Retry, Stop) as exc:
        typer.echo(str(exc), err=True)
        raise typer.Exit(EXIT_REPLAY if isinstance(exc, Retry) else exc.exit_code) from exc
    typer.echo(f"{len(created)} topics created, {len(TOPICS)} as the table says")


@app.command()
def check() -> None:
    """Compare the topics on the broker with the table."""
    try:
        check_topics(Settings())
    except (Retry, Stop) as exc:
        typer.echo(str(exc), err=True)
        raise typer.Exit(EXIT_STOP) from exc
    typer.echo(f"{len(TOPICS)} topics as the table says")


@app.command("list")
def list_() -> None:
    """Print the topic table."""
    table = Table("topic", "key", "partitions", "cleanup", "kept", "values")
    for topic in TOPICS.values():
        days = topic.retention_ms / 86_400_000
        kept = "newest per key" if topic.cleanup == "compact" else f"{days:g} days"
        values = "Avro" if topic.avro else "bytes"
        table.add_row(topic.name, topic.key, str(topic.partitions), topic.cleanup, kept, values)
    Console(width=None if sys.stdout.isatty() else 140).print(table)
