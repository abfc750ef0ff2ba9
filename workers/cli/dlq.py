"""`wardstream dlq list|show|replay|discard|history`: what could not be processed."""

import getpass
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from runtime.clock import SystemClock
from runtime.errors import EXIT_REPLAY, EXIT_STOP, Retry, Stop
from runtime.kafka.dead_letter_log import CHAIN, Filter, Letter, count, handled, read_dead_letters
from runtime.process.settings import Settings
from schemas.records import AuditEntry
from schemas.registry import NotRegistered, RegistryUnavailable, SchemaRegistry
from schemas.topics import AUDIT
from workers.operations.deadletters.audit import read_chain
from workers.operations.deadletters.handling import Handled, discard, replay
from workers.operations.deadletters.showing import as_line, as_text
from workers.operations.times import HELP, BadTime, parse_time, show_time

app = typer.Typer(
    no_args_is_help=True, help="Inputs that could not be processed: look, send again, put away."
)

Topic_ = Annotated[str | None, typer.Option("--topic", help="Only of this source topic.")]
Reason = Annotated[str | None, typer.Option("--reason", help="Only with this reason.")]
Stage = Annotated[str | None, typer.Option("--stage", help="Only from this process.")]
Since = Annotated[str | None, typer.Option("--since", help=f"Given up since: {HELP}")]
Until = Annotated[str | None, typer.Option("--until", help=f"Given up before: {HELP}")]
Ids = Annotated[list[int] | None, typer.Argument(help="Ids as `list` shows them.")]
Why = Annotated[str, typer.Option("--why", help="Your reason; kept in audit.v1.")]
By = Annotated[str | None, typer.Option("--by", help="Who does this; default: you.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object per line.")]


@app.command("list")
def list_(
    topic: Topic_ = None,
    reason: Reason = None,
    stage: Stage = None,
    since: Since = None,
    until: Until = None,
    every: Annotated[bool, typer.Option("--all", help="Also those that are handled.")] = False,
    counts: Annotated[bool, typer.Option("--counts", help="Only how many of each kind.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="Letters shown, the newest.")] = 100,
    as_json: Json = False,
) -> None:
    """Count dead letters by topic, process and reason, and list the newest that are open."""
    with _ends_in_words():
        settings = Settings()
        meant = _filter(topic, reason, stage, since, until)
        letters = [
            one for one in read_dead_letters(settings) if meant.takes(one, settings.topic_prefix)
        ]
        done = handled(_history(settings))
    shown = [letter for letter in letters if every or letter.subject not in done]
    if as_json:
        lines = (
            [one._asdict() for one in count(letters, done)]
            if counts
            else [as_line(letter, done.get(letter.subject)) for letter in shown[-limit:]]
        )
        _print_lines(lines)
        return
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    console.print(_counted(letters, done))
    if not counts:
        console.print(_listed(shown[-limit:], done))
        if len(shown) > limit:
            console.print(f"{len(shown) - limit} older ones are not shown; --limit shows more")


@app.command()
def show(
    number: Annotated[int, typer.Argument(metavar="ID", help="As `list` shows it.")],
    as_json: Json = False,
) -> None:
    """Show one dead letter with its headers, and its value decoded where that is possible."""
    with _ends_in_words():
        settings = Settings()
        [letter] = _chosen(settings, [number], Filter())
        entry = handled(_history(settings)).get(letter.subject)
        line = as_text(letter, entry, settings, SchemaRegistry(settings.registry_url))
    if as_json:
        _print_lines([line])
    else:
        typer.echo(json.dumps(line, indent=2, ensure_ascii=False))


@app.command("replay")
def replay_(
    why: Why,
    ids: Ids = None,
    topic: Topic_ = None,
    reason: Reason = None,
    stage: Stage = None,
    since: Since = None,
    until: Until = None,
    by: By = None,
) -> None:
    """Send letters to the topics that they came from; each at most once.

    Only versioned facts are sent again. Frames, detections and what follows from them are folded
    in order: they would be late, and the answer says what to do instead.
    """
    _handle(replay, "replayed", ids, _options(topic, reason, stage, since, until), by, why)


@app.command("discard")
def discard_(
    why: Why,
    ids: Ids = None,
    topic: Topic_ = None,
    reason: Reason = None,
    stage: Stage = None,
    since: Since = None,
    until: Until = None,
    by: By = None,
) -> None:
    """Put letters away as seen to; they stay in the topic until it expires them."""
    _handle(discard, "discarded", ids, _options(topic, reason, stage, since, until), by, why)


@app.command()
def history(as_json: Json = False) -> None:
    """Show who replayed or discarded what, and why; checks the chain of audit.v1."""
    with _ends_in_words():
        entries = _history(Settings())
    if as_json:
        _print_lines(entries)
        return
    for entry in entries:
        typer.echo(f"{_told(entry)} {entry['subject']} ({entry['detail']})")
    typer.echo(f"{len(entries)} entries, the chain is whole")


Options = tuple[str | None, str | None, str | None, str | None, str | None]


def _options(*given: str | None) -> Options:
    topic, reason, stage, since, until = given
    return topic, reason, stage, since, until


def _handle(
    action: Callable[..., Handled],
    done_word: str,
    ids: list[int] | None,
    options: Options,
    by: str | None,
    why: str,
) -> None:
    with _ends_in_words():
        settings = Settings()
        meant = _filter(*options)
        if not ids and meant == Filter():
            raise Stop("name letters by id, or by --topic, --reason, --stage, --since or --until")
        if not why.strip():
            raise Stop("--why is empty: say why, for those who look at audit.v1 later")
        letters = _chosen(settings, ids, meant)
        result = action(
            letters,
            settings,
            SchemaRegistry(settings.registry_url),
            SystemClock(),
            actor=by or getpass.getuser(),
            why=why,
        )
    for letter in result.done:
        typer.echo(f"{letter.id}: {done_word} ({letter.subject})")
    for letter, entry in result.before:
        typer.echo(f"{letter.id}: nothing done, handled before: {_told(entry)}")
    for letter, reason in result.refused:
        typer.echo(f"{letter.id}: refused: {reason}", err=True)
    if not letters:
        typer.echo("no such letters")
    raise typer.Exit(1 if result.refused else 0)


def _chosen(settings: Settings, ids: list[int] | None, meant: Filter) -> list[Letter]:
    """Letters by id, or by filter.

    Raises:
        Stop: There is none with one of the ids.
    """
    letters = read_dead_letters(settings)
    if ids:
        by_id = {letter.id: letter for letter in letters}
        missing = [str(number) for number in ids if number not in by_id]
        if missing:
            msg = (
                f"no dead letter {', '.join(missing)}; `wardstream dlq list` shows those there are"
            )
            raise Stop(msg)
        letters = [by_id[number] for number in dict.fromkeys(ids)]
    return [letter for letter in letters if meant.takes(letter, settings.topic_prefix)]


def _filter(
    topic: str | None, reason: str | None, stage: str | None, since: str | None, until: str | None
) -> Filter:
    now_us = SystemClock().now_us()
    times = [None if text is None else parse_time(text, now_us) for text in (since, until)]
    return Filter(topic, reason, stage, *times)


def _history(settings: Settings) -> list[AuditEntry]:
    codec = SchemaRegistry(settings.registry_url).reader(AUDIT)
    return read_chain(settings, codec, CHAIN)


def _counted(letters: Sequence[Letter], done: Mapping[str, AuditEntry]) -> Table:
    table = Table("topic", "process", "reason", "letters", "open", "first", "last")
    for one in count(letters, done):
        times = (show_time(one.first_us), show_time(one.last_us))
        words = (one.topic, one.stage, one.reason, str(one.letters), str(one.open), *times)
        table.add_row(*map(escape, words))
    return table


def _listed(letters: Sequence[Letter], done: Mapping[str, AuditEntry]) -> Table:
    table = Table("id", "given up", "record", "process", "reason", "state", "error")
    for letter in letters:
        entry = done.get(letter.subject)
        state = "open" if entry is None else entry["action"].split(".")[-1]
        when, error = show_time(letter.at_us), letter.headers.get("error", "")
        words = (str(letter.id), when, letter.subject, letter.stage, letter.reason, state, error)
        table.add_row(*map(escape, words))
    return table


def _told(entry: AuditEntry) -> str:
    done = entry["action"].split(".")[-1]
    return f"{done} by {entry['actor']} at {show_time(entry['at_us'])}: {entry['why']}"


def _print_lines(lines: Sequence[Mapping[str, Any]]) -> None:
    for line in lines:
        typer.echo(json.dumps(line, ensure_ascii=False))


@contextmanager
def _ends_in_words() -> Iterator[None]:
    """Turn errors into one sentence and an exit code."""
    try:
        yield
    except (Stop, BadTime, NotRegistered) as exc:
        typer.echo(str(exc), err=True)
        raise typer.Exit(EXIT_STOP) from exc
    except (Retry, RegistryUnavailable) as exc:
        typer.echo(str(exc), err=True)
        raise typer.Exit(EXIT_REPLAY) from exc
