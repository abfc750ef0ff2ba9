"""`wardstream dlq list|show|replay|resolve|history`."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated

import typer

from runtime.audit import Act
from runtime.clock import SystemClock
from runtime.errors import Stop
from runtime.kafka.cluster import Cluster
from runtime.kafka.dead_letter_log import (
    CHAIN,
    DeadLetterRecord,
    Filter,
    count,
    handled,
    oldest_us,
    read_dead_letters,
)
from runtime.process.user import user_name
from schemas.records.alerts import AuditEntry
from schemas.topics import AUDIT
from workers.audit.commands import record_command
from workers.cli.configuration import read_settings
from workers.cli.connections import open_cluster
from workers.cli.errors import exit_codes, need_reason
from workers.cli.output import Json, print_error, print_json, print_table, print_text
from workers.operations.deadletters.audit import read_chain
from workers.operations.deadletters.handling import Handled, replay, resolve
from workers.operations.deadletters.showing import as_line, as_text, outcome_of
from workers.operations.times import HELP, parse_time, show_time

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Handle dead letters: records that could not be processed.",
)

Topic_ = Annotated[str | None, typer.Option("--topic", help="Only of this source topic.")]
Reason = Annotated[str | None, typer.Option("--reason", help="Only with this reason.")]
Stage = Annotated[str | None, typer.Option("--stage", help="Only from this process.")]
Since = Annotated[str | None, typer.Option("--since", help=f"Only written since: {HELP}")]
Until = Annotated[str | None, typer.Option("--until", help=f"Only written before: {HELP}")]
Ids = Annotated[list[int] | None, typer.Argument(help="Ids as `list` shows them.")]
Why = Annotated[str, typer.Option("--why", help="Your reason; kept in audit.v1.")]
By = Annotated[str | None, typer.Option("--by", help="Who does this; default: you.")]

REPLAY = """Send dead letters to their topics again, each at most once.

Only reference data is sent again. Frames, detections and derived records are processed in
order: sent again they would be late, and the answer says what to do instead.
"""

RESOLVE = "Mark dead letters as resolved; they stay in their topic until it expires them."


@app.command("list")
def list_(
    topic: Topic_ = None,
    reason: Reason = None,
    stage: Stage = None,
    since: Since = None,
    until: Until = None,
    every: Annotated[bool, typer.Option("--all", help="Also list those that are handled.")] = False,
    counts: Annotated[bool, typer.Option("--counts", help="Only count them by kind.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="List at most this many, the newest.")] = 100,
    as_json: Json = False,
) -> None:
    """Count dead letters by topic, process and reason; list the newest that are open."""
    with exit_codes():
        cluster = open_cluster()
        meant = _filter(topic, reason, stage, since, until)
        dead_letters = [
            one for one in read_dead_letters(cluster) if meant.takes(one, cluster.prefix)
        ]
        done = _done(cluster, dead_letters)
    shown = [
        dead_letter for dead_letter in dead_letters if every or dead_letter.subject not in done
    ]
    if as_json:
        lines = (
            [one._asdict() for one in count(dead_letters, done)]
            if counts
            else [
                as_line(dead_letter, done.get(dead_letter.subject))
                for dead_letter in shown[-limit:]
            ]
        )
        print_json(lines)
        return
    _print_counts(dead_letters, done)
    if not counts:
        _print_dead_letters(shown[-limit:], done)
        if len(shown) > limit:
            typer.echo(f"{len(shown) - limit} older ones are not shown; --limit shows more")


@app.command()
def show(
    number: Annotated[int, typer.Argument(metavar="ID", help="As `list` shows it.")],
    as_json: Json = False,
) -> None:
    """Show one dead letter with its headers and its decoded value."""
    with exit_codes():
        cluster = open_cluster()
        [dead_letter] = _chosen(cluster, [number], Filter())
        record_command(cluster, Act("dead_letter.viewed", dead_letter.subject))
        entry = _done(cluster, [dead_letter]).get(dead_letter.subject)
        line = as_text(dead_letter, entry, cluster, read_settings().ingest.object_store_url)
    if as_json:
        print_json([line])
    else:
        print_text(json.dumps(line, indent=2, ensure_ascii=False))


def _handling(outcome: str, handle: Callable[..., Handled]) -> Callable[..., None]:
    """A command that handles dead letters by id or by filter.

    Args:
        outcome: What it reports of each dead letter that it handled.
        handle: Handles the chosen dead letters; arguments as `resolve`.
    """

    def command(
        why: Why,
        ids: Ids = None,
        topic: Topic_ = None,
        reason: Reason = None,
        stage: Stage = None,
        since: Since = None,
        until: Until = None,
        by: By = None,
    ) -> None:
        with exit_codes():
            cluster = open_cluster()
            meant = _filter(topic, reason, stage, since, until)
            if not ids and meant == Filter():
                raise Stop(
                    "name dead letters by id, or by --topic, --reason, --stage, --since or --until"
                )
            need_reason(why)
            dead_letters = _chosen(cluster, ids, meant)
            result = handle(dead_letters, cluster, actor=by or user_name(), why=why)
        _print_result(outcome, result)
        if not dead_letters:
            typer.echo("no such dead letters")
        raise typer.Exit(1 if result.refused else 0)

    return command


def _replay(dead_letters: Sequence[DeadLetterRecord], cluster: Cluster, **given: str) -> Handled:
    url = read_settings().ingest.object_store_url
    return replay(dead_letters, cluster, objects_url=url, **given)


app.command("replay", help=REPLAY)(_handling("replayed", _replay))
app.command("resolve", help=RESOLVE)(_handling("resolved", resolve))


@app.command()
def history(as_json: Json = False) -> None:
    """Show who replayed or resolved what, and why; checks the hash chain of audit.v1."""
    with exit_codes():
        entries = _history(open_cluster())
    if as_json:
        print_json(entries)
        return
    for entry in entries:
        typer.echo(f"{_outcome_text(entry)} {entry['subject']} ({entry['detail']})")
    typer.echo(f"{len(entries)} entries, the chain is whole")


def _chosen(cluster: Cluster, ids: list[int] | None, meant: Filter) -> list[DeadLetterRecord]:
    """Dead letters by id, or by filter.

    Raises:
        Stop: There is none with one of the ids.
    """
    dead_letters = read_dead_letters(cluster)
    if ids:
        by_id = {dead_letter.id: dead_letter for dead_letter in dead_letters}
        missing = [str(number) for number in ids if number not in by_id]
        if missing:
            raise Stop(
                f"no dead letter {', '.join(missing)}; `wardstream dlq list` shows those there are"
            )
        dead_letters = [by_id[number] for number in dict.fromkeys(ids)]
    return [dead_letter for dead_letter in dead_letters if meant.takes(dead_letter, cluster.prefix)]


def _filter(
    topic: str | None, reason: str | None, stage: str | None, since: str | None, until: str | None
) -> Filter:
    now_us = SystemClock().now_us()
    times = [None if text is None else parse_time(text, now_us) for text in (since, until)]
    return Filter(topic, reason, stage, *times)


def _history(cluster: Cluster) -> list[AuditEntry]:
    codec = cluster.registry.reader(AUDIT)
    return read_chain(cluster, codec, CHAIN)


def _done(cluster: Cluster, dead_letters: Sequence[DeadLetterRecord]) -> dict[str, AuditEntry]:
    """What became of dead letters; reads no more of the audit than can be about them."""
    since_us = oldest_us(dead_letters)
    if since_us is None:
        return {}
    codec = cluster.registry.reader(AUDIT)
    return handled(read_chain(cluster, codec, CHAIN, since_us))


def _print_result(outcome: str, result: Handled) -> None:
    for dead_letter in result.done:
        typer.echo(f"{dead_letter.id}: {outcome} ({dead_letter.subject})")
    for dead_letter, entry in result.before:
        typer.echo(f"{dead_letter.id}: nothing done, handled before: {_outcome_text(entry)}")
    for dead_letter, reason in result.refused:
        print_error(f"{dead_letter.id}: refused: {reason}")


def _print_counts(dead_letters: Sequence[DeadLetterRecord], done: Mapping[str, AuditEntry]) -> None:
    print_table(
        ("topic", "process", "reason", "dead letters", "open", "first", "last"),
        [
            (
                one.topic,
                one.stage,
                one.reason,
                one.dead_letters,
                one.open,
                show_time(one.first_us),
                show_time(one.last_us),
            )
            for one in count(dead_letters, done)
        ],
    )


def _print_dead_letters(
    dead_letters: Sequence[DeadLetterRecord], done: Mapping[str, AuditEntry]
) -> None:
    print_table(
        ("id", "written", "record", "process", "reason", "state", "error"),
        [
            (
                dead_letter.id,
                show_time(dead_letter.at_us),
                dead_letter.subject,
                dead_letter.stage,
                dead_letter.reason,
                outcome_of(done.get(dead_letter.subject)),
                dead_letter.headers.get("error", ""),
            )
            for dead_letter in dead_letters
        ],
    )


def _outcome_text(entry: AuditEntry) -> str:
    when = show_time(entry["at_us"])
    return f"{outcome_of(entry)} by {entry['actor']} at {when}: {entry['why']}"
