"""`wardstream registry register|check`."""

import typer

from runtime.clock import SystemClock
from runtime.kafka.cluster import Cluster
from schemas.topics import TOPICS
from workers.cli.configuration import read_settings
from workers.cli.errors import exit_codes
from workers.cli.output import Json, print_json

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Register and check the Avro schemas in the schema registry.",
)


@app.command()
def register() -> None:
    """Register every schema; refused when an older version could no longer be read."""
    topics = [topic for topic in TOPICS.values() if topic.avro]
    with exit_codes():
        Cluster.of(read_settings(), SystemClock()).registry.register_all(topics)
    typer.echo(f"{len(topics)} schemas registered")


@app.command()
def check(as_json: Json = False) -> None:
    """Check that exactly the schemas that this release writes are registered."""
    registry = Cluster.of(read_settings(), SystemClock()).registry
    with exit_codes():
        for topic in TOPICS.values():
            if topic.avro:
                found = registry.lookup(topic)
                if as_json:
                    print_json([{"topic": topic.name, "id": found}])
                else:
                    typer.echo(f"{topic.name}: id {found}")
