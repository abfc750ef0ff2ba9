"""Exit codes of commands: an error becomes one sentence on standard error and a code.

| code | meaning |
|---|---|
| 0 | done |
| 1 | done, and something is wrong: a difference, failed check, refused dead letter or cut clip |
| 2 | the command line is wrong |
| 75 | a dependency is out of reach, or somebody else did the same: run it again |
| 78 | a person must act first: a setting, a file, a topic, a missing reason |
| 130 | interrupted by Ctrl-C |
| 129, 143 | ended by SIGHUP or SIGTERM |
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import typer
from confluent_kafka import KafkaException

from runtime.errors import EXIT_REPLAY, EXIT_STOP, DeadLetter, Retry, Stop
from schemas.registry import IncompatibleSchema, NotRegistered, RegistryDenied, RegistryUnavailable
from workers.cli.output import print_error
from workers.operations.times import BadTime
from workers.registry.files import ImportRefused

_PERSON: Final = (
    BadTime,
    DeadLetter,
    ImportRefused,
    IncompatibleSchema,
    NotRegistered,
    RegistryDenied,
)
_AGAIN: Final = (Retry, RegistryUnavailable, KafkaException)


@contextmanager
def exit_codes() -> Iterator[None]:
    """End the command with one sentence and an exit code when an error is raised inside."""
    try:
        yield
    except Stop as error:
        print_error(error)
        raise typer.Exit(error.exit_code) from error
    except _PERSON as error:
        print_error(error)
        raise typer.Exit(EXIT_STOP) from error
    except _AGAIN as error:
        print_error(error)
        raise typer.Exit(EXIT_REPLAY) from error


def need_reason(why: str) -> None:
    """Refuse an empty reason.

    Raises:
        Stop: It is empty.
    """
    if not why.strip():
        raise Stop("--why is empty: say why, for those who look at audit.v1 later")
