"""`wardstream schemas register|check`."""

import typer

from runtime.errors import EXIT_REPLAY, EXIT_STOP
from runtime.process.settings import Settings
from schemas.registry import (
    IncompatibleSchema,
    NotRegistered,
    RegistryUnavailable,
    SchemaRegistry,
)
from schemas.topics import TOPICS

app = typer.Typer(no_args_is_help=True, help="The schemas of the topics, in the registry.")


@app.command()
def register() -> None:
    """Register every schema; refused when an older version could not be read any more."""
    registry = SchemaRegistry(Settings().registry_url)
    topics = [topic for topic in TOPICS.values() if topic.avro]
    try:
        registry.register_all(topics)
    except IncompatibleSchema as exc:
        typer.echo(str(exc), err=True)
        raise typer.Exit(EXIT_STOP) from exc
    except RegistryUnavailable as exc:
        typer.echo(str(exc), err=True)
        raise typer.Exit(EXIT_REPLAY) from exc
    typer.echo(f"{len(topics)} schemas registered")


@app.command()
def check() -> None:
    """Tell whether the registry has exactly the schemas that this version writes."""
    registry = SchemaRegistry(Settings().registry_url)
    try:
        for topic in TOPICS.values():
            if topic.avro:
                typer.echo(f"{topic.name}: id {registry.lookup(topic)}")
    except (IncompatibleSchema, NotRegistered, RegistryUnavailable) as exc:
        typer.echo(str(exc), err=True)
        raise typer.Exit(EXIT_STOP) from exc
